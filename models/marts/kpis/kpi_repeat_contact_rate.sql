{{ kpi(
    kpi_id='repeat_contact_rate',
    from=ref('agg_contacts_daily'),
    numerator='repeat_count',
    denominator='repeat_known_count',
) }}
