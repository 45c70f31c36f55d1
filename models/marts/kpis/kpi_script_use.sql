{{ kpi(
    kpi_id='script_use',
    from=ref('agg_quality_daily'),
    numerator='script_items_met_count',
    denominator='script_items_assessed_count',
) }}
