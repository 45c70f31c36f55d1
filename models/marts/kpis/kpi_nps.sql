{{ kpi(
    kpi_id='nps',
    from=ref('agg_surveys_daily'),
    numerator='100 * (promoters_count - detractors_count)',
    denominator='answered_count',
    where="instrument = 'nps'",
) }}
