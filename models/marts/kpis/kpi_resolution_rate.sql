{{ kpi(
    kpi_id='resolution_rate',
    from=ref('agg_contacts_daily'),
    numerator='resolved_count',
    denominator='resolution_flagged_count',
) }}
