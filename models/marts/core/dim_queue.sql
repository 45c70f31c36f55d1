with

reference as (

    select * from {{ ref('queues') }}

),

-- words that no map knows keep a row of their own, so that joins lose nothing
members as (

    select
        queue,
        name,
        client,
        site,
        service_type
    from reference
    union all
    select
        'unmapped' as queue,
        'Unmapped' as name,
        'unmapped' as client,
        'unmapped' as site,
        cast(null as {{ dbt.type_string() }}) as service_type
    union all
    select
        'no_queue' as queue,
        'No queue' as name,
        cast(null as {{ dbt.type_string() }}) as client,
        cast(null as {{ dbt.type_string() }}) as site,
        cast(null as {{ dbt.type_string() }}) as service_type

)

select * from members
