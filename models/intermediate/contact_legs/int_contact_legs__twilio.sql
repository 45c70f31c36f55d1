{{ tracked(
    'contact_id',
    by={'int_tasks__twilio': 'contact_id', 'int_threads__twilio': 'contact_id'},
    also=[
        'select contact_id from ' ~ ref('int_tasks__twilio')
        ~ ' where task_sid in (select task_sid from ' ~ changes('stg_twilio__taskrouter_events') ~ ')',
    ],
) }}
with

tasks as (

    select * from {{ ref('int_tasks__twilio') }}
    where {{ only_touched('contact_id') }}

),

threads as (

    select * from {{ ref('int_threads__twilio') }}
    where {{ only_touched('contact_id') }}

),

events as (

    select
        *,
        row_number() over (
            partition by task_sid order by occurred_at nulls last, event_sid nulls last
        ) as event_number
    from {{ ref('stg_twilio__taskrouter_events') }}
    where
        record_status = 'current'
        and task_sid is not null
        and {{ only_touched('task_sid', among='select task_sid from tasks') }}

),

entries as (

    select
        task_sid,
        event_sid,
        task_queue_name,
        occurred_at as entered_at,
        updated_at,
        source_file,
        source_row,
        row_number() over (
            partition by task_sid order by occurred_at nulls last, event_sid nulls last
        ) as visit_number,
        lead(occurred_at) over (
            partition by task_sid order by occurred_at nulls last, event_sid nulls last
        ) as next_entered_at
    from events
    where event_type = 'task-queue.entered'

),

reservations as (

    select
        task_sid,
        reservation_sid,
        min_by(task_queue_name, event_number) filter (where task_queue_name is not null) as task_queue_name,
        min_by(worker_name, event_number) filter (where worker_name is not null) as worker_name,
        min(occurred_at) as rung_at,
        min(occurred_at) filter (where event_type = 'reservation.accepted') as accepted_at,
        min(occurred_at) filter (where event_type = 'reservation.wrapup') as wrapped_at,
        min(occurred_at) filter (where event_type = 'reservation.completed') as completed_at,
        min(occurred_at) filter (
            where event_type in ('reservation.timeout', 'reservation.rejected')
        ) as refused_at,
        max(updated_at) as updated_at,
        min_by(source_file, event_number) as source_file,
        min_by(source_row, event_number) as source_row
    from events
    where event_type like 'reservation.%'
    group by task_sid, reservation_sid

),

visited as (

    select
        reservations.task_sid,
        reservations.reservation_sid,
        max(entries.visit_number) as visit_number
    from reservations
    inner join entries
        on
            reservations.task_sid = entries.task_sid
            and reservations.rung_at >= entries.entered_at
    group by reservations.task_sid, reservations.reservation_sid

),

placed as (

    select
        reservations.*,
        visited.visit_number,
        row_number() over (
            partition by reservations.task_sid, visited.visit_number, reservations.accepted_at is not null
            order by reservations.accepted_at nulls last, reservations.reservation_sid nulls last
        ) as answer_number
    from reservations
    left join visited
        on
            reservations.task_sid = visited.task_sid
            and reservations.reservation_sid = visited.reservation_sid

),

answers as (

    select * from placed
    where accepted_at is not null and visit_number is not null and answer_number = 1

),

visit_legs as (

    select
        entries.task_sid,
        entries.event_sid as native_id,
        entries.task_queue_name,
        answers.worker_name,
        entries.entered_at as queued_at,
        answers.accepted_at as answered_at,
        case
            when answers.accepted_at is not null then coalesce(answers.wrapped_at, answers.completed_at)
            else coalesce(entries.next_entered_at, tasks.closed_at)
        end as ended_at,
        answers.wrapped_at,
        answers.completed_at,
        case
            when
                answers.accepted_at is not null
                and coalesce(answers.wrapped_at, answers.completed_at) is null
                then 'open'
            when answers.accepted_at is not null then 'completed'
            when entries.next_entered_at is not null then 'diverted'
            when tasks.closed_at is null then 'open'
            when tasks.is_timed_out then 'timed_out'
            when tasks.is_canceled and coalesce(tasks.canceled_reason, '') not like '%redirect%'
                then 'abandoned'
            else 'diverted'
        end as exit,
        greatest(entries.updated_at, coalesce(answers.updated_at, entries.updated_at)) as updated_at,
        entries.source_file,
        entries.source_row
    from entries
    inner join tasks
        on entries.task_sid = tasks.task_sid
    left join answers
        on
            entries.task_sid = answers.task_sid
            and entries.visit_number = answers.visit_number

),

-- A second agent of one visit got it from the first; one who refused was rung in between.
other_legs as (

    select
        task_sid,
        reservation_sid as native_id,
        task_queue_name,
        worker_name,
        cast(null as timestamp) as queued_at,
        accepted_at as answered_at,
        coalesce(wrapped_at, completed_at, refused_at) as ended_at,
        wrapped_at,
        completed_at,
        case
            when accepted_at is null then 'no_answer'
            when coalesce(wrapped_at, completed_at) is null then 'open'
            else 'completed'
        end as exit,
        updated_at,
        source_file,
        source_row
    from placed
    where
        (accepted_at is not null and (visit_number is null or answer_number > 1))
        or (accepted_at is null and refused_at is not null)

),

task_legs as (

    select * from visit_legs
    union all
    select * from other_legs

),

described as (

    select
        tasks.contact_id,
        tasks.is_callback,
        task_legs.*
    from task_legs
    inner join tasks
        on task_legs.task_sid = tasks.task_sid

),

numbered as (

    select
        *,
        row_number() over (
            partition by contact_id
            order by
                coalesce(answered_at, ended_at, queued_at) nulls last,
                case when exit = 'no_answer' then 0 else 1 end nulls last,
                queued_at nulls last,
                native_id nulls last
        ) as leg_number
    from described

),

-- TaskRouter has no event for a transfer: whoever was met after an agent was passed on to by that agent.
followed as (

    select
        *,
        max(case when is_callback then 1 else 0 end) over (
            partition by contact_id
            order by leg_number nulls last
            rows between unbounded preceding and current row
        ) = 1 as is_after_callback,
        lead(is_callback) over (partition by contact_id, exit <> 'no_answer' order by leg_number nulls last)
            as is_callback_next
    from numbered

),

contracted as (

    select
        'twilio:' || native_id as leg_id,
        contact_id,
        cast(leg_number as bigint) as leg_number,
        task_queue_name as native_queue,
        'twilio:' || worker_name as agent_id,
        queued_at,
        answered_at,
        ended_at,
        {{ seconds_between('queued_at', 'coalesce(answered_at, ended_at)') }} as wait_seconds,
        -- Hold happens within it, and has no event.
        {{ seconds_between('answered_at', 'ended_at') }} as talk_seconds,
        case
            when answered_at is not null
                then {{ seconds_between('coalesce(wrapped_at, completed_at)', 'completed_at') }}
        end as acw_seconds,
        case
            when
                exit in ('abandoned', 'diverted', 'timed_out')
                and not is_after_callback
                and coalesce(is_callback_next, false)
                then 'callback_requested'
            when exit = 'completed' and is_callback_next is not null then 'transferred'
            else exit
        end as exit,
        is_after_callback as is_callback,
        updated_at,
        source_file,
        source_row
    from followed
    union all
    select
        contact_id || '-1' as leg_id,
        contact_id,
        cast(1 as bigint) as leg_number,
        messaging_service_sid as native_queue,
        cast(null as {{ dbt.type_string() }}) as agent_id,
        case when direction = 'inbound' then arrived_at end as queued_at,
        answered_at,
        case when answered_at is not null then ended_at end as ended_at,
        case
            when direction = 'inbound' then {{ seconds_between('arrived_at', 'answered_at') }}
        end as wait_seconds,
        cast(null as decimal(18, 3)) as talk_seconds,
        cast(null as decimal(18, 3)) as acw_seconds,
        case when answered_at is not null then 'completed' else 'open' end as exit,
        false as is_callback,
        updated_at,
        source_file,
        source_row
    from threads
    where direction = 'inbound'

),

final as (

    select
        leg_id,
        contact_id,
        'twilio' as platform,
        leg_number,
        native_queue,
        agent_id,
        queued_at,
        answered_at,
        ended_at,
        wait_seconds,
        talk_seconds,
        cast(null as decimal(18, 3)) as hold_seconds,
        acw_seconds,
        exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from contracted

)

select * from final
