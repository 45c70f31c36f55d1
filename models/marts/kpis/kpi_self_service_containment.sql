{{ kpi(
    kpi_id='self_service_containment',
    from=ref('agg_contacts_daily'),
    numerator='contained_count',
    denominator='containment_known_count',
    is_final='is_containment_final',
) }}
