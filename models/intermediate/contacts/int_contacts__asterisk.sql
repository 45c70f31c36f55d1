{{ tracked(
    'contact_id',
    by={'stg_asterisk__queue_log': "'asterisk:' || call_id", 'int_contact_legs__asterisk': 'contact_id'},
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

joined as (

    select
        calls.contact_id,
        calls.platform,
        cast(null as {{ dbt.type_string() }}) as native_client,
        cast(null as {{ dbt.type_string() }}) as native_site,
        coalesce(folded.native_queue, calls.queue_name) as native_queue,
        'voice' as native_channel,
        'inbound' as direction,
        -- The log knows no reason for a call: the queue that was chosen for it is the nearest thing.
        coalesce(folded.native_queue, calls.queue_name) as native_contact_type,
        calls.customer_key,
        cast(null as {{ dbt.type_string() }}) as language,
        case
            when calls.dialled_at <= folded.queued_at then calls.dialled_at
            else coalesce(folded.queued_at, calls.first_logged_at)
        end as arrived_at,
        folded.queued_at,
        folded.answered_at,
        folded.ended_at,
        cast(null as timestamp) as wrapped_up_at,
        case
            when folded.outcome is not null then folded.outcome
            when calls.is_queue_known then 'open'
            else 'abandoned_before_queue'
        end as outcome,
        case
            when calls.dialled_at <= folded.queued_at
                then {{ seconds_between('calls.dialled_at', 'folded.queued_at') }}
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
        calls.call_id like 'test-%' as is_test,
        cast(null as boolean) as is_resolved,
        cast(null as decimal(4, 3)) as sentiment,
        calls.updated_at,
        calls.source_file,
        calls.source_row
    from calls
    left join folded
        on calls.contact_id = folded.contact_id

)

select * from joined
