{{ tracked('contact_id', by={'int_contact_legs__unioned': 'contact_id', 'fct_contacts': 'contact_id'}) }}
with

legs as (

    select * from {{ ref('int_contact_legs__unioned') }}
    where {{ only_touched('contact_id') }}

),

contacts as (

    select * from {{ ref('fct_contacts') }}
    where {{ only_touched('contact_id') }}

),

placed as (

    select
        legs.leg_id,
        legs.contact_id,
        legs.platform,
        contacts.client,
        contacts.site,
        coalesce(legs.queue, 'no_queue') as queue,
        contacts.channel,
        legs.agent_id,
        contacts.arrived_date,
        legs.leg_number,
        legs.queued_at,
        legs.answered_at,
        legs.ended_at,
        legs.exit,
        legs.wait_seconds,
        legs.talk_seconds,
        legs.hold_seconds,
        legs.acw_seconds,
        legs.is_callback,
        contacts.is_in_scope,
        legs.updated_at,
        legs.source_file,
        legs.source_row
    from legs
    inner join contacts
        on legs.contact_id = contacts.contact_id

)

select * from placed
