{{ tracked_whole('client') }}
with

contacts as (

    select * from {{ ref('int_contacts__localised') }}
    where is_in_scope

),

-- a client's first contact is only known to be one once a whole window before it is covered
covered as (

    select
        client,
        min(arrived_at) as covered_from_at
    from contacts
    group by client

)

select * from covered
