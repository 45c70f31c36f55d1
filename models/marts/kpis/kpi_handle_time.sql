{{ kpi(
    kpi_id='handle_time',
    from=ref('agg_contacts_daily'),
    totals=ref('fct_reported_totals'),
    numerator='handle_seconds',
    denominator='talk_measured_count',
) }}
