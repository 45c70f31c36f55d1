{{ kpi(
    kpi_id='quality_score',
    from=ref('agg_quality_daily'),
    numerator='points_earned',
    denominator='points_possible',
) }}
