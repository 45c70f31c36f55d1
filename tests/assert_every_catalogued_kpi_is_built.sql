-- a KPI without rows, or rows without a KPI, while there are contacts at all
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

)

select
    kpis.kpi_id as catalogued_kpi_id,
    built.kpi_id as built_kpi_id
from {{ ref('dim_kpi') }} as kpis
full outer join built
    on kpis.kpi_id = built.kpi_id
cross join handled
where
    (kpis.kpi_id is null or built.kpi_id is null)
    and handled.contacts_count > 0
