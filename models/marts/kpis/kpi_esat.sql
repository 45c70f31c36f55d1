{{ kpi(
    kpi_id='esat',
    from=ref('agg_surveys_daily'),
    numerator='top_box_count',
    denominator='answered_count',
    where="instrument = 'esat'",
) }}
