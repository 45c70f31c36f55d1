{{ tracked_whole('site') }}
with

reference as (

    select * from {{ ref('sites') }}

),

-- words that no map knows keep a row of their own, so that joins lose nothing
members as (

    select
        site,
        name,
        country,
        zone,
        sourcing
    from reference
    union all
    select
        'unmapped' as site,
        'Unmapped' as name,
        cast(null as {{ dbt.type_string() }}) as country,
        'UTC' as zone,
        cast(null as {{ dbt.type_string() }}) as sourcing

)

select * from members
