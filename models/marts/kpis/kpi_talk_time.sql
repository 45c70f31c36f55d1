{{ kpi(
    kpi_id='talk_time',
    from=ref('agg_contacts_daily'),
    numerator='talk_seconds',
    denominator='talk_measured_count',
) }}
