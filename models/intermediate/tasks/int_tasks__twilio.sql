{{ tracked('task_sid', by={'stg_twilio__taskrouter_events': 'task_sid'}) }}
with

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
        and {{ only_touched('task_sid') }}

),

final as (

    select
        task_sid,
        'twilio:' || coalesce(max(call_sid), task_sid) as contact_id,
        max(call_sid) as call_sid,
        max(platform) as platform,
        min_by(task_channel, event_number) filter (where task_channel is not null) as task_channel,
        min_by(customer_key, event_number) filter (where customer_key is not null) as customer_key,
        min_by(task_direction, event_number) filter (where task_direction is not null) as task_direction,
        min_by(client, event_number) filter (where client is not null) as client,
        min_by(site, event_number) filter (where site is not null) as site,
        -- An agent may correct what the flow guessed: the last word counts.
        max_by(contact_type, event_number) filter (where contact_type is not null) as contact_type,
        min_by(language, event_number) filter (where language is not null) as language,
        max_by(is_resolved, event_number) filter (where is_resolved is not null) as is_resolved,
        max_by(sentiment, event_number) filter (where sentiment is not null) as sentiment,
        bool_or(coalesce(is_test, false)) as is_test,
        bool_or(coalesce(task_type = 'callback' or task_channel = 'callback', false)) as is_callback,
        min(occurred_at) as created_at,
        max(occurred_at) filter (
            where event_type in ('task.canceled', 'task.completed', 'task.deleted', 'workflow.timeout')
        ) as closed_at,
        bool_or(event_type in ('workflow.timeout', 'task-queue.timeout')) as is_timed_out,
        bool_or(event_type = 'task.canceled') as is_canceled,
        max_by(canceled_reason, event_number) filter (where canceled_reason is not null) as canceled_reason,
        max(updated_at) as updated_at,
        min_by(source_file, event_number) as source_file,
        min_by(source_row, event_number) as source_row
    from events
    group by task_sid

)

select * from final
