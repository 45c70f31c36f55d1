{{ kpi_of_agents(
    kpi_id='schedule_adherence',
    numerator='sum(adherent_seconds) filter (where has_states and has_schedule)',
    denominator='sum(scheduled_seconds) filter (where has_states and has_schedule)',
) }}
