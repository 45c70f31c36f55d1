{{ tracked_whole(['agent_id', 'started_at']) }}
with

events as (

    select * from {{ ref('stg_twilio__taskrouter_events') }}
    where record_status = 'current' and worker_name is not null

),

tasks as (

    select * from {{ ref('int_tasks__twilio') }}

),

activities as (

    select
        worker_name,
        worker_activity as native_state,
        cast(null as {{ dbt.type_string() }}) as contact_id,
        occurred_at as started_at,
        lead(occurred_at) over (
            partition by worker_name order by occurred_at nulls last, event_sid nulls last
        ) as ended_at,
        updated_at,
        source_file,
        source_row
    from events
    where event_type = 'worker.activity.update'

),

reservations as (

    select
        events.worker_name,
        events.event_type,
        tasks.contact_id,
        events.occurred_at,
        lead(events.occurred_at) over (
            partition by events.reservation_sid
            order by
                events.occurred_at nulls last,
                case events.event_type
                    when 'reservation.created' then 0
                    when 'reservation.accepted' then 1
                    when 'reservation.wrapup' then 2
                    else 3
                end nulls last,
                events.event_sid nulls last
        ) as next_at,
        events.updated_at,
        events.source_file,
        events.source_row
    from events
    inner join tasks
        on events.task_sid = tasks.task_sid
    where events.event_type like 'reservation.%'

),

-- The activity goes on beneath a contact; what an agent does with the contact has a row of its own.
contact_states as (

    select
        worker_name,
        case event_type
            when 'reservation.created' then 'ringing'
            when 'reservation.accepted' then 'on_contact'
            else 'after_contact_work'
        end as native_state,
        contact_id,
        occurred_at as started_at,
        next_at as ended_at,
        updated_at,
        source_file,
        source_row
    from reservations
    where event_type in ('reservation.created', 'reservation.accepted', 'reservation.wrapup')

),

unioned as (

    select * from activities
    union all
    select * from contact_states

),

final as (

    select
        'twilio:' || worker_name as agent_id,
        'twilio' as platform,
        native_state,
        started_at,
        ended_at,
        contact_id,
        updated_at,
        source_file,
        source_row
    from unioned
    where ended_at is null or ended_at > started_at

)

select * from final
