{{ tracked(
    'call_id',
    by={'stg_five9__call_log': 'call_id'},
    also=[
        'select call_id from ' ~ ref('stg_five9__call_log')
        ~ " where 'five9:' || call_id in (select contact_id from " ~ changes('int_agent_states__five9') ~ ')',
    ],
) }}
with

records as (

    select * from {{ ref('stg_five9__call_log') }}
    where record_status = 'current'

),

turned_days as (

    select distinct cast(started_local_at as date) as turned_on
    from records
    where is_hour_repeated

),

-- Calls of a day with an hour that occurs twice are placed among each other: all of them, or none.
turned as (

    select distinct records.call_id
    from records
    inner join turned_days
        on cast(records.started_local_at as date) = turned_days.turned_on

),

call_log as (

    select
        records.*,
        coalesce(
            records.call_type in ('internal', 'agent') or records.call_type like '3rd party%', false
        ) as is_internal
    from records
    left join turned
        on records.call_id = turned.call_id
    where
        turned.call_id is not null
        or {{ only_touched('records.call_id') }}

),

-- Where the agent's states tell of the call, they tell when it was answered.
told as (

    select
        contact_id,
        agent_id,
        min(started_at) as answered_at
    from {{ ref('int_agent_states__five9') }}
    where contact_id is not null and lower(native_state) = 'on call'
    group by contact_id, agent_id

),

parts as (

    select
        call_log.*,
        told.answered_at is not null as is_told,
        -- Half an hour off is nearer to the second time of an hour that occurs twice.
        coalesce(
            call_log.is_hour_repeated
            and told.answered_at > {{ add_seconds(
                'call_log.started_at',
                'coalesce(call_log.ivr_seconds, 0) + coalesce(call_log.queue_seconds, 0)'
                ~ ' + coalesce(call_log.ring_seconds, 0) + 1800.0'
            ) }},
            false
        ) as is_told_later
    from call_log
    left join told
        on
            'five9:' || call_log.call_id = told.contact_id
            and 'five9:' || call_log.agent_name = told.agent_id

),

-- Calls are numbered as they come in, so the row that began a call is placed among the others by its number.
beginnings as (

    select
        call_id,
        started_local_at,
        started_at,
        is_hour_repeated,
        is_told,
        is_told_later,
        case
            when is_told_later then {{ add_seconds('started_at', 3600.0) }}
            when is_told or not is_hour_repeated then started_at
        end as known_at,
        try_cast(call_id as decimal(38, 0)) as call_number,
        row_number() over (
            partition by call_id
            order by
                coalesce(ivr_seconds, 0) desc nulls last,
                started_local_at asc nulls last,
                source_row asc nulls last,
                source_file asc nulls last
        ) as row_number_in_call
    from parts

),

ordered_calls as (

    select
        *,
        max(started_local_at) over (
            partition by cast(started_local_at as date)
            order by call_number nulls last
            rows between unbounded preceding and 1 preceding
        ) as latest_local_at,
        max(known_at) over (
            partition by cast(started_local_at as date)
            order by call_number nulls last
            rows between unbounded preceding and 1 preceding
        ) as latest_known_at
    from beginnings
    where row_number_in_call = 1

),

-- Where nobody tells of it, a call is no earlier than those before it, on the clock or in truth.
calls as (

    select
        call_id,
        case
            when is_told_later then {{ add_seconds('started_at', 3600.0) }}
            when
                is_hour_repeated
                and not is_told
                and (latest_local_at > started_local_at or latest_known_at > started_at)
                then {{ add_seconds('started_at', 3600.0) }}
            else started_at
        end as call_started_at
    from ordered_calls

),

placed as (

    select
        parts.*,
        calls.call_started_at,
        -- No part of a call begins before the call.
        case
            when
                parts.is_told_later
                or (parts.is_hour_repeated and parts.started_at < calls.call_started_at)
                then {{ add_seconds('parts.started_at', 3600.0) }}
            else parts.started_at
        end as part_started_at
    from parts
    inner join calls
        on parts.call_id = calls.call_id

),

final as (

    select
        call_id,
        platform,
        campaign,
        skill,
        agent_name,
        disposition,
        customer_key,
        is_internal,
        is_outbound,
        coalesce(call_type = 'queue callback', false) as is_callback,
        call_started_at,
        part_started_at,
        ivr_seconds,
        queue_seconds,
        ring_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        transfers_count,
        holds_count,
        coalesce(is_abandoned, false) as is_abandoned,
        updated_at,
        source_file,
        source_row
    from placed

)

select * from final
