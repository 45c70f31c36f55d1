{{ kpi_of_agents(
    kpi_id='conformance',
    numerator='sum(productive_seconds) filter (where has_states and has_schedule)',
    denominator='sum(scheduled_productive_seconds) filter (where has_states and has_schedule)',
) }}
