-- a KPI without rows, or rows without a KPI, while there are contacts at all
select
    kpis.kpi_id as catalogued,
    built.kpi_id as built
from {{ ref('dim_kpi') }} as kpis
full outer join (select distinct kpi_id from {{ ref('kpi_values') }}) as built
    on kpis.kpi_id = built.kpi_id
where
    (kpis.kpi_id is null or built.kpi_id is null)
    and exists (select 1 from {{ ref('fct_contacts') }} where is_in_scope and is_handled)
