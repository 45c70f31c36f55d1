{{ tracked(
    'contact_id',
    by={
        'stg_asterisk__queue_log': "'asterisk:' || call_id",
        'int_contact_legs__asterisk': 'contact_id',
        'int_calls__asterisk': 'contact_id',
    },
) }}
with

events as (

    select * from {{ ref('stg_asterisk__queue_log') }}
    where
        record_status = 'current'
        and is_call_event
        and {{ only_touched("'asterisk:' || call_id") }}

),

legs as (

    select * from {{ ref('int_contact_legs__asterisk') }}
    where {{ only_touched('contact_id') }}

),

folded as (

    {{ fold_legs('legs') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by call_id order by logged_at nulls last, record_id nulls last
        ) as event_number
    from events

),

calls as (

    select
        'asterisk:' || call_id as contact_id,
        call_id,
        min(platform) as platform,
        min(logged_at) as first_logged_at,
        min(logged_at) filter (where event_type = 'DID') as dialled_at,
        bool_or(event_type <> 'DID') as is_queue_known,
        min_by(queue_name, event_number) filter (where queue_name is not null) as queue_name,
        min_by(customer_key, event_number) filter (where customer_key is not null) as customer_key,
        max(updated_at) as updated_at,
        min_by(source_file, event_number) as source_file,
        min_by(source_row, event_number) as source_row
    from numbered
    group by call_id

),

records as (

    select
        contact_id,
        min(platform) as platform,
        min(started_at) as started_at,
        max(ended_at) as ended_at,
        min_by(account, record_number) filter (where account is not null) as account,
        min_by(call_direction, record_number) as call_direction,
        min_by(customer_key, record_number) filter (where customer_key is not null) as customer_key,
        bool_or(is_self_served) as is_self_served,
        bool_or(is_test) as is_test,
        max(updated_at) as updated_at,
        min_by(source_file, record_number) as source_file,
        min_by(source_row, record_number) as source_row
    from {{ ref('int_calls__asterisk') }}
    where
        contact_id is not null
        and {{ only_touched('contact_id') }}
    group by contact_id

),

-- The queue log tells the wait; when a call came to the exchange it says for some, and the records for all.
told as (

    select
        coalesce(calls.contact_id, records.contact_id) as contact_id,
        coalesce(calls.call_id, substr(records.contact_id, length('asterisk:') + 1)) as call_id,
        coalesce(calls.platform, records.platform) as platform,
        coalesce(calls.is_queue_known, false) as is_queue_known,
        calls.queue_name,
        coalesce(calls.first_logged_at, records.started_at) as first_logged_at,
        coalesce(
            calls.dialled_at,
            case when calls.call_id is null or records.call_direction = 'inbound' then records.started_at end
        ) as dialled_at,
        records.started_at,
        records.ended_at,
        records.account,
        case
            when calls.is_queue_known or records.call_direction is null then 'inbound'
            else records.call_direction
        end as direction,
        coalesce(
            calls.customer_key,
            case
                when calls.call_id is null or records.call_direction = 'inbound' then records.customer_key
            end
        ) as customer_key,
        coalesce(records.is_self_served, false) as is_self_served,
        coalesce(records.is_test, false) as is_test,
        greatest(
            coalesce(calls.updated_at, records.updated_at), coalesce(records.updated_at, calls.updated_at)
        ) as updated_at,
        coalesce(calls.source_file, records.source_file) as source_file,
        coalesce(calls.source_row, records.source_row) as source_row
    from calls
    full outer join records
        on calls.contact_id = records.contact_id

),

joined as (

    select
        told.contact_id,
        told.platform,
        told.account as native_client,
        told.account as native_site,
        coalesce(folded.native_queue, told.queue_name) as native_queue,
        'voice' as native_channel,
        told.direction,
        -- The log knows no reason for a call: the queue that was chosen for it is the nearest thing.
        coalesce(folded.native_queue, told.queue_name) as native_contact_type,
        told.customer_key,
        cast(null as {{ dbt.type_string() }}) as language,
        case
            when told.dialled_at <= folded.queued_at then told.dialled_at
            else coalesce(folded.queued_at, told.first_logged_at)
        end as arrived_at,
        folded.queued_at,
        folded.answered_at,
        case
            when told.is_queue_known or folded.contact_id is not null then folded.ended_at
            else told.ended_at
        end as ended_at,
        cast(null as timestamp) as wrapped_up_at,
        case
            when folded.outcome is not null then folded.outcome
            when told.is_queue_known then 'open'
            when told.is_self_served then 'self_served'
            else 'abandoned_before_queue'
        end as outcome,
        case
            when told.direction <> 'inbound' then null
            when told.dialled_at <= folded.queued_at
                then {{ seconds_between('told.dialled_at', 'folded.queued_at') }}
            when not told.is_queue_known and folded.contact_id is null
                then {{ seconds_between('told.started_at', 'told.ended_at') }}
        end as ivr_seconds,
        folded.wait_seconds,
        folded.talk_seconds,
        folded.hold_seconds,
        folded.acw_seconds,
        folded.first_agent_id,
        coalesce(folded.agents_count, 0) as agents_count,
        coalesce(folded.queues_count, 0) as queues_count,
        coalesce(folded.transfers_count, 0) as transfers_count,
        cast(null as bigint) as holds_count,
        (told.call_id like 'test-%' or told.is_test) as is_test,
        cast(null as boolean) as is_resolved,
        cast(null as decimal(4, 3)) as sentiment,
        told.updated_at,
        told.source_file,
        told.source_row
    from told
    left join folded
        on told.contact_id = folded.contact_id

)

select * from joined
