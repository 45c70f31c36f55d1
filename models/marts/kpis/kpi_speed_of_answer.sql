{{ kpi(
    kpi_id='speed_of_answer',
    from=ref('agg_contacts_daily'),
    totals=ref('fct_reported_totals'),
    numerator='answered_wait_seconds',
    denominator='wait_measured_count',
) }}
