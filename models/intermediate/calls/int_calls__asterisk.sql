{{ tracked(
    'linked_id',
    by={'stg_asterisk__cdr': 'linked_id'},
    also=[
        'select linked_id from ' ~ ref('stg_asterisk__cdr')
        ~ ' where call_id in (select call_id from ' ~ changes('stg_asterisk__queue_log') ~ ')',
        'select linked_id from ' ~ this
        ~ ' where exists (select 1 from ' ~ changes('int_value_maps__unioned') ~ " where platform = 'asterisk')",
    ],
) }}
with

records as (

    select
        *,
        context as native_direction,
        user_word as native_outcome
    from {{ ref('stg_asterisk__cdr') }}
    where
        record_status = 'current'
        and {{ only_touched('linked_id') }}

),

logged_calls as (

    select
        call_id,
        -- a number that was dialled may be logged of calls that meet no queue, too
        bool_or(event_type <> 'DID') as has_met_queue
    from {{ ref('stg_asterisk__queue_log') }}
    where
        record_status = 'current'
        and is_call_event
        and call_id in (select records.call_id from records)
    group by call_id

),

numbered as (

    select
        records.*,
        coalesce(direction_map.slug, 'unmapped') as direction,
        coalesce(outcome_map.slug = 'self_served', false) as is_self_served,
        coalesce(outcome_map.slug = 'test', false) as is_test,
        logged_calls.call_id as logged_call_id,
        coalesce(logged_calls.has_met_queue, false) as has_met_logged_queue,
        row_number() over (
            partition by records.linked_id
            order by
                records.started_local_at nulls last,
                records.sequence_number nulls last,
                records.record_id nulls last
        ) as record_number
    from records
    left join logged_calls
        on records.call_id = logged_calls.call_id
    {{ join_value_map('records', 'direction') }}
    {{ join_value_map('records', 'outcome') }}

),

firsts as (

    select
        linked_id,
        started_local_at,
        channel_began_at,
        caller_key,
        dialled_key,
        case
            when direction = 'outbound' and is_extension_dialled then 'internal'
            when direction = 'outbound' then 'outbound'
            when is_extension_calling then 'internal'
            else 'inbound'
        end as call_direction
    from numbered
    where record_number = 1

),

groups as (

    select
        linked_id,
        min_by(logged_call_id, record_number) filter (where logged_call_id is not null) as logged_call_id,
        bool_or(has_met_logged_queue) as is_in_queue_log,
        bool_or(coalesce(last_application = 'queue', false)) as has_met_queue
    from numbered
    group by linked_id

),

-- The records show the exchange's own clock, whatever its zone: a call's first one began at the second that
-- its unique id holds.
placed as (

    select
        numbered.*,
        firsts.call_direction,
        case when firsts.call_direction = 'outbound' then firsts.dialled_key else firsts.caller_key end
            as customer_key,
        coalesce(numbered.logged_call_id, groups.logged_call_id) as told_call_id,
        groups.is_in_queue_log,
        groups.has_met_queue,
        {{ add_seconds(
            'firsts.channel_began_at',
            seconds_between('firsts.started_local_at', 'numbered.started_local_at')
        ) }} as started_at,
        coalesce(
            numbered.duration_seconds,
            {{ seconds_between('numbered.started_local_at', 'numbered.ended_local_at') }}
        ) as lasted_seconds
    from numbered
    inner join firsts
        on numbered.linked_id = firsts.linked_id
    inner join groups
        on numbered.linked_id = groups.linked_id

),

final as (

    select
        record_id,
        linked_id,
        -- what the queue log tells is one contact with what the records tell of the same call; a call that
        -- met a queue of which no log is here waits for it
        case
            when told_call_id is not null then 'asterisk:' || told_call_id
            when not has_met_queue then 'asterisk:' || linked_id
        end as contact_id,
        is_in_queue_log,
        platform,
        account,
        native_direction,
        direction,
        call_direction,
        customer_key,
        is_self_served,
        is_test,
        -- whom the exchange rang beside its queues: a colleague, or by an agent somebody outside
        case
            when last_application = 'queue' or not has_dialled or is_local then null
            when direction <> 'outbound' or is_extension_dialled then 'inside'
            when record_number = 1 and not is_in_queue_log then 'outside'
        end as rung,
        case
            when direction = 'outbound' and not is_extension_dialled then caller_endpoint
            else dialled_endpoint
        end as agent_name,
        started_at,
        case
            when disposition = 'ANSWERED'
                then {{ add_seconds('started_at', 'lasted_seconds - coalesce(billed_seconds, 0)') }}
        end as answered_at,
        {{ add_seconds('started_at', 'lasted_seconds') }} as ended_at,
        disposition,
        billed_seconds,
        cast(record_number as bigint) as record_number,
        updated_at,
        source_file,
        source_row
    from placed

)

select * from final
