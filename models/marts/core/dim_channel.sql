with

reference as (

    select * from {{ ref('channels') }}

),

-- words that no map knows keep a row of their own, so that joins lose nothing
members as (

    select
        channel,
        name,
        is_synchronous
    from reference
    union all
    select
        'unmapped' as channel,
        'Unmapped' as name,
        cast(null as boolean) as is_synchronous

)

select * from members
