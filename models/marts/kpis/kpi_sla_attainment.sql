with

cells as (

    select * from {{ ref('kpi_sla_cells') }}

),

measured as (

    select
        day,
        client,
        cast(null as {{ dbt.type_string() }}) as site,
        cast(null as {{ dbt.type_string() }}) as queue,
        cast(null as {{ dbt.type_string() }}) as channel,
        cast(null as {{ dbt.type_string() }}) as contact_type,
        cast(count(*) filter (where is_met) as decimal(28, 6)) as numerator,
        cast(count(is_met) as decimal(28, 6)) as denominator,
        bool_and(is_final) as is_final
    from cells
    group by day, client

)

{{ kpi_row('sla_attainment', 'measured') }}
