select values_of_rates.*
from {{ ref('kpi_values') }} as values_of_rates
inner join {{ ref('dim_kpi') }} as kpis
    on values_of_rates.kpi_id = kpis.kpi_id
where
    kpis.unit = 'percent'
    -- which says by how much more than scheduled was worked
    and kpis.kpi_id <> 'conformance'
    and (
        values_of_rates.numerator < 0
        or values_of_rates.denominator < 0
        or values_of_rates.numerator > values_of_rates.denominator
    )
