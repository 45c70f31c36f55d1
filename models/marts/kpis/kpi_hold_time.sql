{{ kpi(
    kpi_id='hold_time',
    from=ref('agg_contacts_daily'),
    totals=ref('fct_reported_totals'),
    numerator='hold_seconds',
    denominator='hold_measured_count',
) }}
