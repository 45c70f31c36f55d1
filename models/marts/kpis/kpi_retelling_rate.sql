{{ kpi(
    kpi_id='retelling_rate',
    from=ref('agg_contacts_daily'),
    numerator='retold_count',
    denominator='answered_count',
) }}
