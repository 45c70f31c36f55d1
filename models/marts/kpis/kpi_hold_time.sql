{{ kpi(
    kpi_id='hold_time',
    from=ref('agg_contacts_daily'),
    numerator='hold_seconds',
    denominator='hold_measured_count',
) }}
