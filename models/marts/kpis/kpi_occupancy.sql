{{ kpi_of_agents(
    kpi_id='occupancy',
    numerator='sum(on_contact_seconds)',
    denominator='sum(productive_seconds)',
) }}
