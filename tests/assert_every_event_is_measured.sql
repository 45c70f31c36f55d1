-- an event of a client with contacts has its rows, whether there is anything to compare it with or not
with

clients as (

    select distinct client
    from {{ ref('agg_contacts_daily') }}
    where client <> 'unmapped'

),

measured as (

    select distinct
        event_id,
        client
    from {{ ref('rpt_event_impacts') }}

)

select
    events.event_id,
    clients.client
from {{ ref('business_events') }} as events
inner join clients
    on coalesce(events.client, clients.client) = clients.client
left join measured
    on
        events.event_id = measured.event_id
        and clients.client = measured.client
where measured.event_id is null
