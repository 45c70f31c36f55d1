with

reference as (

    select * from {{ ref('clients') }}

),

-- words that no map knows keep a row of their own, so that joins lose nothing
members as (

    select
        client,
        name
    from reference
    union all
    select
        'unmapped' as client,
        'Unmapped' as name

)

select * from members
