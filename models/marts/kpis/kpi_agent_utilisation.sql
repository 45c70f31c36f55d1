{{ kpi_of_agents(
    kpi_id='agent_utilisation',
    numerator='sum(on_contact_paid_seconds) filter (where has_states and has_schedule)',
    denominator='sum(paid_seconds) filter (where has_states and has_schedule)',
) }}
