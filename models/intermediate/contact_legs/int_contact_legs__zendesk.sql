{{ tracked(
    'contact_id',
    by={
        'stg_zendesk__tickets': "'zendesk:ticket-' || ticket_id",
        'stg_zendesk__ticket_comments': "'zendesk:ticket-' || ticket_id",
        'stg_zendesk__talk_calls': "'zendesk:call-' || call_id",
        'stg_zendesk__talk_call_legs': "'zendesk:call-' || call_id",
    },
    also=[
        "select 'zendesk:ticket-' || ticket_id from " ~ changes('stg_zendesk__talk_calls') ~ ' where ticket_id is not null',
        "select 'zendesk:ticket-' || ticket_id from (select " ~ split_to_rows('merged_ticket_ids', ',')
        ~ ' as ticket_id from ' ~ changes('stg_zendesk__tickets') ~ ') as absorbed',
        "select 'zendesk:call-' || call_id from " ~ ref('stg_zendesk__talk_calls')
        ~ ' where ticket_id in (select ticket_id from ' ~ changes('stg_zendesk__tickets') ~ ')',
    ],
) }}
with

tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}
    where record_status = 'current'

),

public_comments as (

    select * from {{ ref('stg_zendesk__ticket_comments') }}
    where
        record_status = 'current'
        and is_public
        and {{ only_touched("'zendesk:ticket-' || ticket_id") }}

),

calls as (

    select * from {{ ref('stg_zendesk__talk_calls') }}
    where record_status = 'current'

),

touched_calls as (

    select * from calls
    where {{ only_touched("'zendesk:call-' || call_id") }}

),

talk_legs as (

    select * from {{ ref('stg_zendesk__talk_call_legs') }}
    where
        record_status = 'current'
        and {{ only_touched("'zendesk:call-' || call_id") }}

),

-- a connector's CSV has no tags: the ticket that took others in names them
absorbed_tickets as (

    select {{ split_to_rows('merged_ticket_ids', ',') }} as ticket_id
    from tickets
    where
        merged_ticket_ids is not null
        and not contains(' ' || coalesce(tags, '') || ' ', ' closed_by_merge ')

),

merged_tickets as (

    select distinct ticket_id from absorbed_tickets

),

called_tickets as (

    select distinct ticket_id from calls
    where {{ only_touched("'zendesk:ticket-' || ticket_id") }}

),

contact_tickets as (

    select tickets.*
    from tickets
    left join merged_tickets
        on tickets.ticket_id = merged_tickets.ticket_id
    left join called_tickets
        on tickets.ticket_id = called_tickets.ticket_id
    where
        {{ only_touched("'zendesk:ticket-' || tickets.ticket_id") }}
        and coalesce(tickets.status, 'open') <> 'deleted'
        and coalesce(tickets.via_channel, 'unknown') <> 'rule'
        and not contains(' ' || coalesce(tickets.tags, '') || ' ', ' closed_by_merge ')
        and merged_tickets.ticket_id is null
        -- the ticket of a Talk call is that call's contact, not one more
        and (
            coalesce(tickets.via_channel, 'unknown') not in ('voice', 'phone')
            or called_tickets.ticket_id is null
        )

),

replies as (

    select
        contact_tickets.ticket_id,
        public_comments.author_id,
        public_comments.created_at,
        public_comments.updated_at,
        row_number() over (
            partition by contact_tickets.ticket_id
            order by public_comments.created_at nulls last, public_comments.comment_id nulls last
        ) as reply_number
    from contact_tickets
    inner join public_comments
        on
            contact_tickets.ticket_id = public_comments.ticket_id
            and public_comments.author_id
            <> coalesce(contact_tickets.requester_id, contact_tickets.submitter_id)
            and contact_tickets.created_at <= public_comments.created_at

),

replied_tickets as (

    select
        contact_tickets.ticket_id,
        contact_tickets.group_id,
        replies.author_id,
        contact_tickets.created_at,
        -- what an agent opened, or no customer ever sees, waits in no queue
        coalesce(contact_tickets.is_public, true)
        and coalesce(contact_tickets.submitter_id = contact_tickets.requester_id, true) as is_queued,
        replies.created_at as answered_at,
        -- a solved ticket ends with its last change, and never before its answer
        case
            when coalesce(contact_tickets.status, 'open') in ('solved', 'closed')
                then greatest(contact_tickets.updated_at, replies.created_at)
        end as ended_at,
        greatest(contact_tickets.updated_at, replies.updated_at) as updated_at,
        contact_tickets.source_file,
        contact_tickets.source_row
    from contact_tickets
    left join replies
        on
            contact_tickets.ticket_id = replies.ticket_id
            and replies.reply_number = 1

),

ticket_legs as (

    select
        'zendesk:ticket-' || ticket_id as leg_id,
        'zendesk:ticket-' || ticket_id as contact_id,
        cast(1 as bigint) as leg_number,
        group_id as native_queue,
        'zendesk:' || author_id as agent_id,
        case when is_queued then created_at end as queued_at,
        answered_at,
        ended_at,
        case
            when is_queued then {{ seconds_between('created_at', 'coalesce(answered_at, ended_at)') }}
        end as wait_seconds,
        cast(null as decimal(18, 3)) as talk_seconds,
        cast(null as decimal(18, 3)) as hold_seconds,
        cast(null as decimal(18, 3)) as acw_seconds,
        case
            when ended_at is null then 'open'
            when answered_at is null then 'diverted'
            else 'completed'
        end as exit,
        false as is_callback,
        updated_at,
        source_file,
        source_row
    from replied_tickets

),

placed_calls as (

    select
        calls.call_id,
        coalesce(calls.group_id, tickets.group_id) as group_id,
        calls.agent_id,
        calls.completion_status,
        coalesce(calls.completion_status, 'running') as call_status,
        calls.created_at,
        {{ add_seconds('calls.created_at', 'coalesce(calls.ivr_seconds, 0)') }} as queued_at,
        {{ add_seconds('calls.created_at', 'calls.duration_seconds') }} as ended_at,
        {{ add_seconds('calls.created_at', 'calls.time_to_answer_seconds') }} as met_at,
        coalesce(
            calls.wait_seconds,
            calls.time_to_answer_seconds - coalesce(calls.ivr_seconds, 0)
        ) as wait_seconds,
        calls.talk_seconds,
        calls.hold_seconds,
        calls.acw_seconds,
        coalesce(calls.is_callback, false) as is_callback,
        coalesce(calls.is_queue_time_exceeded, false) as is_queue_time_exceeded,
        coalesce(calls.is_outside_business_hours, false) as is_outside_business_hours,
        coalesce(calls.is_voicemail, false) as is_voicemail,
        coalesce(calls.is_overflowed, false) as is_overflowed,
        -- a call-back belongs to the customer who asked for it, whoever dialled
        coalesce(calls.direction, 'inbound') = 'inbound' or coalesce(calls.is_callback, false) as is_inbound,
        calls.updated_at,
        calls.source_file,
        calls.source_row
    from touched_calls as calls
    left join tickets
        on calls.ticket_id = tickets.ticket_id

),

-- who sent the call on is told by the legs that it was sent to
sent_on as (

    select
        call_id,
        transferred_from as agent_id,
        max(created_at) as last_sent_at
    from talk_legs
    where
        transferred_from is not null
        and leg_type in ('agent', 'external')
        and coalesce(completion_status, 'completed') <> 'agent_transfer_declined'
    group by call_id, transferred_from

),

rings as (

    select
        talk_legs.leg_id,
        talk_legs.call_id,
        placed_calls.group_id,
        coalesce(talk_legs.agent_id, talk_legs.user_id) as agent_id,
        talk_legs.created_at,
        talk_legs.talk_seconds,
        talk_legs.hold_seconds,
        talk_legs.acw_seconds,
        {{ add_seconds('talk_legs.created_at', 'talk_legs.duration_seconds') }} as ended_at,
        placed_calls.is_callback,
        placed_calls.is_inbound,
        placed_calls.call_status,
        placed_calls.queued_at,
        placed_calls.wait_seconds,
        -- picked up, and where that proves nothing (we dialled, or the call was lost) a word was said
        coalesce(talk_legs.completion_status, 'completed')
        not in ('agent_missed', 'agent_declined', 'agent_transfer_declined')
        and (
            coalesce(talk_legs.talk_seconds, 0) > 0
            or (
                placed_calls.is_inbound
                and not placed_calls.is_callback
                and placed_calls.call_status in ('completed', 'abandoned_on_hold', 'running')
            )
        ) as is_answered,
        talk_legs.transferred_to is not null
        or coalesce(sent_on.last_sent_at >= talk_legs.created_at, false) as is_transferred,
        talk_legs.updated_at,
        talk_legs.source_file,
        talk_legs.source_row
    from talk_legs
    inner join placed_calls
        on talk_legs.call_id = placed_calls.call_id
    left join sent_on
        on
            talk_legs.call_id = sent_on.call_id
            and coalesce(talk_legs.agent_id, talk_legs.user_id) = sent_on.agent_id
    where talk_legs.leg_type = 'agent'

),

ordered_rings as (

    select
        *,
        -- the queue wait of the call stands on the leg that ended it
        is_answered
        and not is_callback
        and row_number() over (
            partition by call_id, is_answered
            order by created_at nulls last, leg_id nulls last
        ) = 1 as is_first_answer,
        coalesce(wait_seconds, {{ seconds_between('queued_at', 'created_at') }}) as queue_seconds
    from rings

),

answered_rings as (

    select
        *,
        case
            when is_first_answer and is_inbound then {{ add_seconds('queued_at', 'queue_seconds') }}
            when is_answered then created_at
        end as answered_at
    from ordered_rings

),

ring_legs as (

    select
        'zendesk:leg-' || leg_id as leg_id,
        'zendesk:call-' || call_id as contact_id,
        1 as leg_rank,
        created_at as ordered_at,
        group_id as native_queue,
        'zendesk:' || agent_id as agent_id,
        case when is_first_answer and is_inbound then queued_at end as queued_at,
        answered_at,
        case
            when call_status = 'running' and is_answered and not is_transferred then cast(null as timestamp)
            when talk_seconds is null or answered_at is null then ended_at
            else {{ add_seconds('answered_at', 'talk_seconds + coalesce(hold_seconds, 0)') }}
        end as ended_at,
        case
            when is_first_answer and is_inbound then {{ seconds_between('queued_at', 'answered_at') }}
            when is_first_answer then wait_seconds
        end as wait_seconds,
        case when is_answered then talk_seconds end as talk_seconds,
        case when is_answered then hold_seconds end as hold_seconds,
        case when is_answered then acw_seconds end as acw_seconds,
        case
            when not is_answered then 'no_answer'
            when is_transferred then 'transferred'
            when call_status = 'running' then 'open'
            else 'completed'
        end as exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from answered_rings

),

answered_calls as (

    select distinct call_id
    from rings
    where is_answered

),

-- no leg of it was answered: its own record may still tell of an answer, when legs are late or not exported
unmet_calls as (

    select
        placed_calls.*,
        placed_calls.call_status in ('completed', 'abandoned_on_hold')
        and not placed_calls.is_voicemail
        and not placed_calls.is_overflowed
        and (
            coalesce(placed_calls.talk_seconds, 0) > 0
            or (
                placed_calls.is_inbound
                and not placed_calls.is_callback
                and placed_calls.agent_id is not null
            )
        ) as is_answered
    from placed_calls
    left join answered_calls
        on placed_calls.call_id = answered_calls.call_id
    where answered_calls.call_id is null

),

record_legs as (

    select
        'zendesk:call-' || call_id || '-agent' as leg_id,
        'zendesk:call-' || call_id as contact_id,
        1 as leg_rank,
        created_at as ordered_at,
        group_id as native_queue,
        'zendesk:' || agent_id as agent_id,
        case when is_inbound and not is_callback then queued_at end as queued_at,
        case
            when is_callback and met_at is not null then met_at
            else {{ add_seconds('queued_at', 'coalesce(wait_seconds, 0)') }}
        end as answered_at,
        ended_at,
        case when not is_callback then wait_seconds end as wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        'completed' as exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from unmet_calls
    where is_answered

),

-- left the queue without an agent, or with the wish to be called back
left_queues as (

    select
        placed_calls.*,
        case
            when placed_calls.is_callback then 'callback_requested'
            when placed_calls.call_status = 'running' then 'open'
            when placed_calls.is_queue_time_exceeded then 'timed_out'
            when placed_calls.is_voicemail or placed_calls.is_overflowed then 'diverted'
            when placed_calls.is_outside_business_hours then 'diverted'
            when placed_calls.call_status in ('abandoned_in_voicemail', 'pending_voicemail') then 'diverted'
            when placed_calls.call_status in ('abandoned_in_queue', 'abandoned_on_hold') then 'abandoned'
            when placed_calls.wait_seconds > 0 then 'diverted'
        end as exit
    from placed_calls
    left join unmet_calls
        on
            placed_calls.call_id = unmet_calls.call_id
            and not unmet_calls.is_answered
    where
        placed_calls.is_callback
        or (
            placed_calls.is_inbound
            and placed_calls.call_status not in ('abandoned_in_ivr', 'not_initiated')
            and unmet_calls.call_id is not null
        )

),

queue_legs as (

    select
        'zendesk:call-' || call_id || '-queue' as leg_id,
        'zendesk:call-' || call_id as contact_id,
        -- the wish comes before the call-back; who gives up does so after the agents that did not pick up
        case when is_callback then 0 else 2 end as leg_rank,
        created_at as ordered_at,
        group_id as native_queue,
        cast(null as {{ dbt.type_string() }}) as agent_id,
        queued_at,
        cast(null as timestamp) as answered_at,
        case
            when exit = 'open' then cast(null as timestamp)
            when wait_seconds is not null then {{ add_seconds('queued_at', 'wait_seconds') }}
            when is_outside_business_hours then queued_at
            else ended_at
        end as ended_at,
        case
            when exit = 'open' then cast(null as decimal(18, 3))
            when wait_seconds is not null then wait_seconds
            when is_outside_business_hours then cast(0 as decimal(18, 3))
            when exit = 'abandoned' then {{ seconds_between('queued_at', 'ended_at') }}
        end as wait_seconds,
        cast(null as decimal(18, 3)) as talk_seconds,
        cast(null as decimal(18, 3)) as hold_seconds,
        cast(null as decimal(18, 3)) as acw_seconds,
        exit,
        false as is_callback,
        updated_at,
        source_file,
        source_row
    from left_queues
    where exit is not null

),

call_legs as (

    select * from ring_legs
    union all
    select * from record_legs
    union all
    select * from queue_legs

),

numbered_call_legs as (

    select
        leg_id,
        contact_id,
        row_number() over (
            partition by contact_id
            order by leg_rank nulls last, ordered_at nulls last, leg_id nulls last
        ) as leg_number,
        native_queue,
        agent_id,
        queued_at,
        answered_at,
        ended_at,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from call_legs

),

unioned as (

    select * from ticket_legs
    union all
    select * from numbered_call_legs

),

contracted as (

    select
        leg_id,
        contact_id,
        'zendesk' as platform,
        leg_number,
        native_queue,
        agent_id,
        queued_at,
        answered_at,
        ended_at,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from unioned

)

select * from contracted
