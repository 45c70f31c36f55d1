{{ kpi(
    kpi_id='service_level',
    from=ref('agg_contacts_daily'),
    totals=ref('fct_reported_totals'),
    numerator='answered_in_target_count',
    denominator='offered_count - short_abandon_count',
) }}
