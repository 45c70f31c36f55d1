-- a rate's target is a fraction of 1: 0.80, not 80; correct it in the seed that is named
with

targets as (

    select
        'seeds/reference/targets.csv' as seed,
        kpi_id,
        client,
        queue as queue_or_service_type,
        valid_from,
        target
    from {{ ref('targets') }}
    union all
    select
        'seeds/reference/contract_targets.csv' as seed,
        kpi_id,
        client,
        service_type as queue_or_service_type,
        valid_from,
        target
    from {{ ref('contract_targets') }}

)

select targets.*
from targets
inner join {{ ref('dim_kpi') }} as kpis
    on targets.kpi_id = kpis.kpi_id
where
    kpis.unit = 'percent'
    and (targets.target < 0 or targets.target > 1)
