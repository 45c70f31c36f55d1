-- a rate's target is a fraction of 1: 0.80, not 80; correct it in seeds/reference/targets.csv
select
    targets.kpi_id,
    targets.client,
    targets.queue,
    targets.channel,
    targets.valid_from,
    targets.target
from {{ ref('targets') }} as targets
inner join {{ ref('dim_kpi') }} as kpis
    on targets.kpi_id = kpis.kpi_id
where
    kpis.unit = 'percent'
    and (targets.target < 0 or targets.target > 1)
