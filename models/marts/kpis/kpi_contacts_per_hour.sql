{{ kpi_of_agents(
    kpi_id='contacts_per_hour',
    numerator='sum(contacts_handled_count) filter (where has_states)',
    denominator='sum(productive_seconds) / 3600',
) }}
