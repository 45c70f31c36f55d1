{{ kpi(
    kpi_id='transfer_rate',
    from=ref('agg_contacts_daily'),
    totals=ref('fct_reported_totals'),
    numerator='transferred_count',
    denominator='answered_count',
) }}
