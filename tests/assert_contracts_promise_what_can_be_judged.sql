-- a promise needs a KPI of contacts (not of agents' time, employees, mixes, or one made of others) for which
-- up or down is better; take the row out of seeds/reference/contract_targets.csv, or name another KPI
select
    contracts.client,
    contracts.service_type,
    contracts.kpi_id,
    kpis.family,
    kpis.better
from {{ ref('contract_targets') }} as contracts
inner join {{ ref('dim_kpi') }} as kpis
    on contracts.kpi_id = kpis.kpi_id
where
    kpis.better not in ('up', 'down')
    or kpis.family in ('overall', 'demand', 'agents', 'employees')
