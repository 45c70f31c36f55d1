{{ kpi_of_agents(
    kpi_id='time_to_next_contact',
    numerator='sum(gap_seconds)',
    denominator='sum(gaps_count)',
    is_final='bool_and(is_final) and max(open_gaps_count) = 0',
) }}
