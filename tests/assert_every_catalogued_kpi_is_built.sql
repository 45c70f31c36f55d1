-- a KPI without rows, or rows without a KPI, while there is anything to measure: contacts, or agents' time
with

built as (

    select distinct kpi_id
    from {{ ref('kpi_values') }}

),

handled as (

    select count(*) as contacts_count
    from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_handled

),

worked as (

    select count(*) as agent_days_count
    from {{ ref('agg_agents_daily') }}

)

select
    kpis.kpi_id as catalogued_kpi_id,
    built.kpi_id as built_kpi_id
from {{ ref('dim_kpi') }} as kpis
full outer join built
    on kpis.kpi_id = built.kpi_id
cross join handled
cross join worked
where
    (kpis.kpi_id is null or built.kpi_id is null)
    and case when kpis.family = 'agents' then worked.agent_days_count else handled.contacts_count end > 0
