{{ kpi(
    kpi_id='transfer_rate',
    from=ref('agg_contacts_daily'),
    numerator='transferred_count',
    denominator='answered_count',
) }}
