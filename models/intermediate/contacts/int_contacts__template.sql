{{ tracked(
    'contact_id',
    by={'stg_template__contacts': 'contact_id', 'int_contact_legs__template': 'contact_id'},
) }}
with

contacts as (

    select * from {{ ref('stg_template__contacts') }}
    where
        record_status = 'current'
        and {{ only_touched('contact_id') }}

),

legs as (

    select * from {{ ref('int_contact_legs__template') }}
    where {{ only_touched('contact_id') }}

),

folded as (

    {{ fold_legs('legs') }}

),

-- legs that were answered say nothing of a contact that was not; apart, so that what follows is a hash join
fitting as (

    select folded.*
    from folded
    inner join contacts
        on folded.contact_id = contacts.contact_id
    where
        folded.answered_at is null
        or coalesce(contacts.outcome, folded.outcome) in ('answered', 'callback_requested')

),

-- what the contact's own row says counts before what its legs say
told as (

    select
        contacts.contact_id,
        contacts.client as native_client,
        contacts.site as native_site,
        coalesce(contacts.queue, fitting.native_queue) as native_queue,
        contacts.channel as native_channel,
        contacts.direction,
        contacts.contact_type as native_contact_type,
        contacts.customer_key,
        contacts.language,
        contacts.arrived_at,
        coalesce(contacts.queued_at, fitting.queued_at) as told_queued_at,
        coalesce(contacts.answered_at, fitting.answered_at) as told_answered_at,
        coalesce(contacts.ended_at, fitting.ended_at) as told_ended_at,
        contacts.wrapped_up_at as told_wrapped_up_at,
        coalesce(contacts.outcome, fitting.outcome) as told_outcome,
        contacts.ivr_seconds,
        coalesce(contacts.wait_seconds, fitting.wait_seconds) as told_wait_seconds,
        coalesce(contacts.talk_seconds, fitting.talk_seconds) as talk_seconds,
        coalesce(contacts.hold_seconds, fitting.hold_seconds) as hold_seconds,
        coalesce(contacts.acw_seconds, fitting.acw_seconds) as acw_seconds,
        coalesce(contacts.first_agent_id, fitting.first_agent_id) as first_agent_id,
        coalesce(contacts.agents_count, nullif(fitting.agents_count, 0)) as told_agents_count,
        coalesce(contacts.queues_count, nullif(fitting.queues_count, 0)) as told_queues_count,
        coalesce(contacts.transfers_count, fitting.transfers_count) as transfers_count,
        contacts.holds_count,
        contacts.is_test,
        contacts.is_resolved,
        contacts.sentiment,
        greatest(contacts.updated_at, fitting.updated_at) as updated_at,
        contacts.source_file,
        contacts.source_row
    from contacts
    left join fitting
        on contacts.contact_id = fitting.contact_id

),

concluded as (

    select
        *,
        case
            when told_outcome is not null then told_outcome
            when told_answered_at is not null or talk_seconds > 0 then 'answered'
            when first_agent_id is not null then 'answered'
            when told_ended_at is not null or told_wait_seconds is not null then 'abandoned'
            else 'open'
        end as outcome,
        {{ add_seconds('arrived_at', 'coalesce(ivr_seconds, 0)') }} as menu_left_at,
        {{ add_seconds('told_ended_at', '-(talk_seconds + coalesce(hold_seconds, 0))') }} as talk_begun_at
    from told

),

queued as (

    select
        *,
        case
            when outcome in ('abandoned_before_queue', 'self_served') then cast(null as timestamp)
            when told_queued_at is not null then told_queued_at
            -- what the centre itself began waited for no agent
            when direction <> 'inbound' then cast(null as timestamp)
            -- nobody is answered, or gone, before the queue
            else least(menu_left_at, told_answered_at, told_ended_at)
        end as queued_at
    from concluded

),

answered as (

    select
        *,
        case
            when told_answered_at is not null then told_answered_at
            when outcome <> 'answered' then cast(null as timestamp)
            when told_wait_seconds is not null then {{ add_seconds('queued_at', 'told_wait_seconds') }}
            when talk_begun_at is not null then greatest(queued_at, talk_begun_at)
            -- answered, nobody knows when: handled, with a wait that is unknown
            else queued_at
        end as answered_at,
        coalesce(told_answered_at, talk_begun_at) is not null as is_answer_timed
    from queued

),

ended as (

    select
        *,
        case
            when told_ended_at is not null then told_ended_at
            when answered_at is not null
                then {{ add_seconds('answered_at', 'talk_seconds + coalesce(hold_seconds, 0)') }}
            when outcome <> 'open' then {{ add_seconds('queued_at', 'told_wait_seconds') }}
        end as ended_at
    from answered

),

contracted as (

    select
        contact_id,
        'template' as platform,
        native_client,
        native_site,
        native_queue,
        native_channel,
        direction,
        native_contact_type,
        customer_key,
        language,
        arrived_at,
        queued_at,
        answered_at,
        ended_at,
        coalesce(told_wrapped_up_at, {{ add_seconds('ended_at', 'acw_seconds') }}) as wrapped_up_at,
        outcome,
        ivr_seconds,
        case
            when outcome in ('abandoned_before_queue', 'self_served') then cast(null as decimal(18, 3))
            when told_wait_seconds is not null then told_wait_seconds
            when outcome = 'answered' and is_answer_timed
                then {{ seconds_between('queued_at', 'answered_at') }}
            when outcome in ('abandoned', 'diverted') then {{ seconds_between('queued_at', 'ended_at') }}
            -- a call-back that was held says nothing of when it was asked for
            when outcome = 'callback_requested' and answered_at is null
                then {{ seconds_between('queued_at', 'ended_at') }}
        end as wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        first_agent_id,
        coalesce(
            told_agents_count,
            case when outcome = 'answered' or answered_at is not null then 1 else 0 end
        ) as agents_count,
        coalesce(told_queues_count, case when queued_at is not null then 1 else 0 end) as queues_count,
        transfers_count,
        holds_count,
        is_test,
        is_resolved,
        sentiment,
        updated_at,
        source_file,
        source_row
    from ended

)

select * from contracted
