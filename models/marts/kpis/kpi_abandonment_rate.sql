{{ kpi(
    kpi_id='abandonment_rate',
    from=ref('agg_contacts_daily'),
    totals=ref('fct_reported_totals'),
    numerator='abandoned_count - short_abandon_count',
    denominator='offered_count - short_abandon_count',
) }}
