{{ kpi(
    kpi_id='sentiment',
    from=ref('agg_contacts_daily'),
    numerator='sentiment_score',
    denominator='sentiment_measured_count',
) }}
