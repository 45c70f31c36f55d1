{{ kpi(
    kpi_id='first_contact_resolution',
    from=ref('agg_contacts_daily'),
    numerator='resolved_first_contact_count',
    denominator='issues_count',
    is_final='is_resolution_final',
) }}
