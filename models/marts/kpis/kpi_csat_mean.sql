{{ kpi(
    kpi_id='csat_mean',
    from=ref('agg_surveys_daily'),
    numerator='percent_score',
    denominator='answered_count',
    where="instrument = 'csat'",
) }}
