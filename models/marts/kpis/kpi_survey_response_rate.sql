{{ kpi(
    kpi_id='survey_response_rate',
    from=ref('agg_surveys_daily'),
    numerator='sum(answered_count)',
    denominator='sum(sent_count)',
    is_final='bool_and(is_final)',
    where="instrument <> 'esat'",
    is_grouped=true,
) }}
