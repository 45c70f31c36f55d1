{#- Both ends of a thread, either of which may be unknown. -#}
{%- set ends = "coalesce(customer_key, '') || ' ' || coalesce(centre_key, '')" -%}
{{ tracked(ends, by={'stg_twilio__messages': ends}) }}
{#- So long a silence makes the next message another contact. -#}
{%- set silence_seconds = 24 * 3600 -%}
with

messages as (

    select * from {{ ref('stg_twilio__messages') }}
    where
        record_status = 'current'
        and {{ only_touched(ends) }}

),

ordered as (

    select
        *,
        lag(sent_at) over (
            partition by customer_key, centre_key order by sent_at nulls last, message_sid nulls last
        ) as previous_at
    from messages

),

begun as (

    select
        *,
        sum(case
            when previous_at is null then 1
            when {{ seconds_between('previous_at', 'sent_at') }} > {{ silence_seconds }} then 1
            else 0
        end) over (
            partition by customer_key, centre_key
            order by sent_at nulls last, message_sid nulls last
            rows between unbounded preceding and current row
        ) as thread_number
    from ordered

),

threaded as (

    select
        *,
        min(case when message_direction = 'inbound' then sent_at end) over (
            partition by customer_key, centre_key, thread_number
        ) as asked_at,
        row_number() over (
            partition by customer_key, centre_key, thread_number
            order by sent_at nulls last, message_sid nulls last
        ) as message_number
    from begun

),

final as (

    select
        'twilio:thread-' || min_by(message_sid, message_number) as contact_id,
        max(platform) as platform,
        customer_key,
        centre_key,
        min_by(messaging_service_sid, message_number) filter (where messaging_service_sid is not null)
            as messaging_service_sid,
        case
            when min_by(message_direction, message_number) = 'inbound' then 'inbound' else 'outbound'
        end as direction,
        min(sent_at) as arrived_at,
        -- What the application answers by itself (outbound-reply) is no answer of an agent.
        min(case
            when
                message_direction = 'outbound-api'
                and sent_at >= asked_at
                and coalesce(status, 'sent') not in ('failed', 'undelivered', 'canceled')
                then sent_at
        end) as answered_at,
        max(sent_at) as ended_at,
        count(*) as messages_count,
        max(updated_at) as updated_at,
        min_by(source_file, message_number) as source_file,
        min_by(source_row, message_number) as source_row
    from threaded
    group by customer_key, centre_key, thread_number

)

select * from final
