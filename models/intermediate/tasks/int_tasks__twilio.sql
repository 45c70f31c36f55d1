with

events as (

    select * from {{ ref('stg_twilio__taskrouter_events') }}
    where record_status = 'current' and task_sid is not null

),

final as (

    select
        task_sid,
        'twilio:' || coalesce(max(call_sid), task_sid) as contact_id,
        max(call_sid) as call_sid,
        max(platform) as platform,
        min_by(task_channel, occurred_at) filter (where task_channel is not null) as task_channel,
        min_by(customer_key, occurred_at) filter (where customer_key is not null) as customer_key,
        min_by(task_direction, occurred_at) filter (where task_direction is not null) as task_direction,
        min_by(client, occurred_at) filter (where client is not null) as client,
        min_by(site, occurred_at) filter (where site is not null) as site,
        -- An agent may correct what the flow guessed: the last word counts.
        max_by(contact_type, occurred_at) filter (where contact_type is not null) as contact_type,
        min_by(language, occurred_at) filter (where language is not null) as language,
        max_by(is_resolved, occurred_at) filter (where is_resolved is not null) as is_resolved,
        max_by(sentiment, occurred_at) filter (where sentiment is not null) as sentiment,
        bool_or(coalesce(is_test, false)) as is_test,
        bool_or(coalesce(task_type = 'callback' or task_channel = 'callback', false)) as is_callback,
        min(occurred_at) as created_at,
        max(occurred_at) filter (
            where event_type in ('task.canceled', 'task.completed', 'task.deleted', 'workflow.timeout')
        ) as closed_at,
        bool_or(event_type in ('workflow.timeout', 'task-queue.timeout')) as is_timed_out,
        bool_or(event_type = 'task.canceled') as is_canceled,
        max_by(canceled_reason, occurred_at) filter (where canceled_reason is not null) as canceled_reason,
        max(updated_at) as updated_at,
        min_by(source_file, occurred_at) as source_file,
        min_by(source_row, occurred_at) as source_row
    from events
    group by task_sid

)

select * from final
