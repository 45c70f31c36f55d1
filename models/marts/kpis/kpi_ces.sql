{{ kpi(
    kpi_id='ces',
    from=ref('agg_surveys_daily'),
    numerator='seven_point_score',
    denominator='answered_count',
    where="instrument = 'ces'",
) }}
