{{ tracked(
    'contact_id',
    by={
        'stg_twilio__calls': "'twilio:' || call_sid",
        'int_tasks__twilio': 'contact_id',
        'int_threads__twilio': 'contact_id',
        'int_contact_legs__twilio': 'contact_id',
    },
    also=[
        "select 'twilio:' || parent_call_sid from " ~ changes('stg_twilio__calls') ~ ' where parent_call_sid is not null',
    ],
) }}
with

-- A call to an agent is a child of the customer's call, which is the contact.
calls as (

    select
        'twilio:' || call_sid as contact_id,
        *
    from {{ ref('stg_twilio__calls') }}
    where
        record_status = 'current'
        and parent_call_sid is null
        and {{ only_touched("'twilio:' || call_sid") }}

),

children as (

    select
        parent_call_sid,
        min(started_at) filter (where status = 'completed' and duration_seconds > 0) as answered_at,
        cast(sum(duration_seconds) filter (
            where status = 'completed' and duration_seconds > 0
        ) as decimal(18, 3)) as talk_seconds
    from {{ ref('stg_twilio__calls') }}
    where
        record_status = 'current'
        and parent_call_sid is not null
        and {{ only_touched("'twilio:' || parent_call_sid") }}
    group by parent_call_sid

),

legs as (

    select * from {{ ref('int_contact_legs__twilio') }}
    where {{ only_touched('contact_id') }}

),

folded as (

    {{ fold_legs('legs') }}

),

wrapped_up as (

    select
        contact_id,
        case
            when not bool_or(answered_at is not null and acw_seconds is null)
                then max({{ add_seconds('ended_at', 'acw_seconds') }})
        end as wrapped_up_at
    from legs
    group by contact_id

),

tasks as (

    select
        *,
        row_number() over (
            partition by contact_id order by created_at nulls last, task_sid nulls last
        ) as task_number
    from {{ ref('int_tasks__twilio') }}
    where {{ only_touched('contact_id') }}

),

tasked as (

    select
        contact_id,
        max(platform) as platform,
        min_by(task_channel, task_number) filter (where task_channel is not null) as task_channel,
        min_by(customer_key, task_number) filter (where customer_key is not null) as customer_key,
        min_by(task_direction, task_number) filter (where task_direction is not null) as task_direction,
        min_by(client, task_number) filter (where client is not null) as client,
        min_by(site, task_number) filter (where site is not null) as site,
        max_by(contact_type, task_number) filter (where contact_type is not null) as contact_type,
        min_by(language, task_number) filter (where language is not null) as language,
        max_by(is_resolved, task_number) filter (where is_resolved is not null) as is_resolved,
        max_by(sentiment, task_number) filter (where sentiment is not null) as sentiment,
        bool_or(is_test) as is_test,
        min(created_at) as created_at,
        max(updated_at) as updated_at,
        min_by(source_file, task_number) as source_file,
        min_by(source_row, task_number) as source_row
    from tasks
    group by contact_id

),

-- A call with a task, a call without one, a task (chat, say) without a call.
joined as (

    select
        coalesce(calls.contact_id, tasked.contact_id) as contact_id,
        coalesce(tasked.client, calls.phone_number_sid) as native_client,
        coalesce(tasked.site, calls.phone_number_sid) as native_site,
        case when calls.contact_id is not null then 'voice' else tasked.task_channel end as native_channel,
        case
            when calls.call_direction <> 'inbound' then 'outbound'
            when calls.call_direction is null and tasked.task_direction = 'outbound' then 'outbound'
            else 'inbound'
        end as direction,
        tasked.contact_type as native_contact_type,
        coalesce(calls.customer_key, tasked.customer_key) as customer_key,
        tasked.language,
        coalesce(calls.started_at, calls.created_at, tasked.created_at) as arrived_at,
        calls.contact_id is not null as is_call,
        tasked.contact_id is not null as is_tasked,
        calls.ended_at as hung_up_at,
        calls.status,
        calls.duration_seconds,
        children.answered_at as child_answered_at,
        children.talk_seconds as child_talk_seconds,
        coalesce(tasked.is_test, false) as is_test,
        tasked.is_resolved,
        tasked.sentiment,
        greatest(
            coalesce(calls.updated_at, tasked.updated_at), coalesce(tasked.updated_at, calls.updated_at)
        ) as updated_at,
        coalesce(calls.source_file, tasked.source_file) as source_file,
        coalesce(calls.source_row, tasked.source_row) as source_row
    from calls
    full outer join tasked
        on calls.contact_id = tasked.contact_id
    left join children
        on calls.call_sid = children.parent_call_sid

),

concluded as (

    select
        joined.contact_id,
        joined.native_client,
        joined.native_site,
        folded.native_queue,
        joined.native_channel,
        joined.direction,
        joined.native_contact_type,
        joined.customer_key,
        joined.language,
        joined.arrived_at,
        folded.queued_at,
        -- Without TaskRouter the call to whoever was dialled for the customer is all that tells of an answer.
        case
            when joined.is_tasked then folded.answered_at
            when joined.direction = 'outbound' and joined.duration_seconds > 0
                then coalesce(joined.child_answered_at, joined.arrived_at)
            else joined.child_answered_at
        end as answered_at,
        case
            when joined.is_call then greatest(joined.hung_up_at, folded.ended_at) else folded.ended_at
        end as ended_at,
        wrapped_up.wrapped_up_at,
        case
            when folded.outcome is not null then folded.outcome
            when joined.child_answered_at is not null then 'answered'
            when joined.direction = 'outbound' and joined.duration_seconds > 0 then 'answered'
            when joined.is_call and joined.status in ('queued', 'ringing', 'in-progress', 'initiated')
                then 'open'
            when not joined.is_call then 'open'
            -- Nothing tells whether the flow served them.
            else 'abandoned_before_queue'
        end as outcome,
        case
            when joined.is_call and joined.direction = 'inbound'
                then {{ seconds_between(
                    'joined.arrived_at', 'coalesce(folded.queued_at, joined.hung_up_at)'
                ) }}
        end as ivr_seconds,
        folded.wait_seconds,
        case
            when joined.is_tasked then folded.talk_seconds
            when joined.child_answered_at is not null then joined.child_talk_seconds
            when joined.direction = 'outbound' and joined.duration_seconds > 0 then joined.duration_seconds
        end as talk_seconds,
        folded.acw_seconds,
        folded.first_agent_id,
        coalesce(folded.agents_count, 0) as agents_count,
        coalesce(folded.queues_count, 0) as queues_count,
        coalesce(folded.transfers_count, 0) as transfers_count,
        joined.is_test,
        joined.is_resolved,
        joined.sentiment,
        joined.updated_at,
        joined.source_file,
        joined.source_row
    from joined
    left join folded
        on joined.contact_id = folded.contact_id
    left join wrapped_up
        on joined.contact_id = wrapped_up.contact_id

),

threads as (

    select
        threads.contact_id,
        threads.messaging_service_sid as native_client,
        threads.messaging_service_sid as native_site,
        folded.native_queue,
        'sms' as native_channel,
        threads.direction,
        cast(null as {{ dbt.type_string() }}) as native_contact_type,
        threads.customer_key,
        cast(null as {{ dbt.type_string() }}) as language,
        threads.arrived_at,
        folded.queued_at,
        folded.answered_at,
        case when threads.direction = 'outbound' then threads.ended_at else folded.ended_at end as ended_at,
        cast(null as timestamp) as wrapped_up_at,
        coalesce(folded.outcome, 'answered') as outcome,
        cast(null as decimal(18, 3)) as ivr_seconds,
        folded.wait_seconds,
        cast(null as decimal(18, 3)) as talk_seconds,
        cast(null as decimal(18, 3)) as acw_seconds,
        folded.first_agent_id,
        coalesce(folded.agents_count, 0) as agents_count,
        coalesce(folded.queues_count, 0) as queues_count,
        coalesce(folded.transfers_count, 0) as transfers_count,
        false as is_test,
        cast(null as boolean) as is_resolved,
        cast(null as decimal(4, 3)) as sentiment,
        threads.updated_at,
        threads.source_file,
        threads.source_row
    from {{ ref('int_threads__twilio') }} as threads
    left join folded
        on threads.contact_id = folded.contact_id
    where {{ only_touched('threads.contact_id') }}

),

unioned as (

    select * from concluded
    union all
    select * from threads

),

final as (

    select
        contact_id,
        'twilio' as platform,
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
        wrapped_up_at,
        outcome,
        ivr_seconds,
        wait_seconds,
        talk_seconds,
        cast(null as decimal(18, 3)) as hold_seconds,
        acw_seconds,
        first_agent_id,
        agents_count,
        queues_count,
        transfers_count,
        cast(null as bigint) as holds_count,
        is_test,
        is_resolved,
        sentiment,
        updated_at,
        source_file,
        source_row
    from unioned

)

select * from final
