{{ kpi(
    kpi_id='after_contact_work',
    from=ref('agg_contacts_daily'),
    numerator='acw_seconds',
    denominator='acw_measured_count',
) }}
