{{ tracked('day', by={'fct_contacts': 'arrived_date'}) }}
with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_offered
        and {{ only_touched('arrived_date') }}

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
