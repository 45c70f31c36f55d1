{#- Calls read it: it is small, and tells them what changed. -#}
{{ tracked_whole(['agent_id', 'started_at']) }}
with

staged as (

    select * from {{ ref('stg_five9__agent_states') }}
    where record_status <> 'quarantined'

),

-- A report lists an agent's states in the order of time; a row that comes again stands where it stood first.
deliveries as (

    select
        record_key,
        source_row as first_source_row,
        row_number() over (
            partition by record_key
            order by landed_at nulls last, source_file nulls last, source_row nulls last
        ) as delivery_number
    from staged

),

ordered as (

    select
        staged.*,
        cast(staged.started_local_at as date) as local_date,
        deliveries.first_source_row
    from staged
    inner join deliveries
        on
            staged.record_key = deliveries.record_key
            and deliveries.delivery_number = 1
    where staged.record_status = 'current'

),

anchored as (

    select
        *,
        count(case when not is_hour_repeated then 1 end) over (
            partition by agent_name
            order by local_date nulls last, first_source_row nulls last, record_key nulls last
            rows between unbounded preceding and current row
        ) as anchor_number,
        max(started_local_at) over (
            partition by agent_name, local_date
            order by first_source_row nulls last, record_key nulls last
            rows between unbounded preceding and 1 preceding
        ) as latest_local_at
    from ordered

),

-- States follow each other without a gap: the lengths since the last plain time tell when a state began.
chained as (

    select
        *,
        {{ add_seconds(
            'min(case when not is_hour_repeated then started_at end) over (partition by agent_name, anchor_number)',
            'coalesce(sum(state_seconds) over (partition by agent_name, anchor_number'
            ~ ' order by local_date nulls last, first_source_row nulls last, record_key nulls last'
            ~ ' rows between unbounded preceding and 1 preceding), 0.0)'
        ) }} as chained_at
    from anchored

),

-- The second time of an hour: nearer to where the states before end, or the clock has gone back.
placed as (

    select
        *,
        case
            when
                is_hour_repeated
                and (
                    chained_at > {{ add_seconds('started_at', 1800.0) }}
                    or latest_local_at > started_local_at
                )
                then {{ add_seconds('started_at', 3600.0) }}
            else started_at
        end as began_at
    from chained

),

final as (

    select
        'five9:' || agent_name as agent_id,
        platform,
        case when lower(state) = 'not ready' then coalesce(reason_code, state) else state end as native_state,
        began_at as started_at,
        {{ add_seconds('began_at', 'state_seconds') }} as ended_at,
        'five9:' || call_id as contact_id,
        updated_at,
        source_file,
        source_row
    from placed
    -- To log in is a moment and no state; the state that follows begins with it.
    where lower(state) <> 'login' and (state_seconds > 0 or state_seconds is null)

)

select * from final
