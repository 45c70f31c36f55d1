{{ kpi(
    kpi_id='after_contact_work',
    from=ref('agg_contacts_daily'),
    totals=ref('fct_reported_totals'),
    numerator='acw_seconds',
    denominator='acw_measured_count',
) }}
