{{ kpi(
    kpi_id='talk_time',
    from=ref('agg_contacts_daily'),
    totals=ref('fct_reported_totals'),
    numerator='talk_seconds',
    denominator='talk_measured_count',
) }}
