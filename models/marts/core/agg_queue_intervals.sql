with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_offered

),

counted as (

    select
        interval_start_at,
        arrived_date as day,
        client,
        site,
        queue,
        channel,
        {{ queue_measures() }},
        bool_and(is_final) as is_final
    from contacts
    group by interval_start_at, arrived_date, client, site, queue, channel

)

select * from counted
