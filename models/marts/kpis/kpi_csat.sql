{{ kpi(
    kpi_id='csat',
    from=ref('agg_surveys_daily'),
    numerator='top_box_count',
    denominator='answered_count',
    where="instrument = 'csat'",
) }}
