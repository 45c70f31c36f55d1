{{ kpi(
    kpi_id='handle_time',
    from=ref('agg_contacts_daily'),
    numerator='handle_seconds',
    denominator='talk_measured_count',
) }}
