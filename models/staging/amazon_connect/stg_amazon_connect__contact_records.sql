{%- set times = {
    'initiation_timestamp': 'initiated_at',
    'connected_to_system_timestamp': 'connected_to_system_at',
    'enqueue_timestamp': 'enqueued_at',
    'dequeue_timestamp': 'dequeued_at',
    'connected_to_agent_timestamp': 'connected_to_agent_at',
    'after_contact_work_start_timestamp': 'acw_started_at',
    'after_contact_work_end_timestamp': 'acw_ended_at',
    'transfer_completed_timestamp': 'transfer_completed_at',
    'disconnect_timestamp': 'disconnected_at',
    'last_update_timestamp': 'last_updated_at',
} -%}
{%- set durations = {
    'queue_duration': 'queue_seconds',
    'agent_interaction_duration': 'talk_seconds',
    'customer_hold_duration': 'hold_seconds',
    'longest_hold_duration': 'longest_hold_seconds',
    'after_contact_work_duration': 'acw_seconds',
} -%}
{%- set rules = [
    ('contact_id is null', 'contact id is missing'),
    ('initiation_timestamp is null', 'initiation timestamp is missing'),
] -%}
{%- for column in ['queue', 'agent', 'customer_endpoint', 'system_endpoint', 'attributes'] -%}
{%- do rules.append((untyped(column, column ~ '_json'), column | replace('_', ' ') ~ ' is no JSON')) -%}
{%- endfor -%}
{%- for raw, typed in times.items() -%}
{%- do rules.append((untyped(raw, typed), raw | replace('_', ' ') ~ ' is no valid time')) -%}
{%- endfor -%}
{%- for raw, typed in durations.items() -%}
{%- do rules.append((untyped(raw, typed), raw | replace('_', ' ') ~ ' is no number')) -%}
{%- do rules.append((typed ~ ' < 0', raw | replace('_', ' ') ~ ' is negative')) -%}
{%- endfor -%}
{%- do rules.extend([
    (untyped('number_of_holds', 'holds_count'), 'number of holds is no whole number'),
    ('holds_count < 0', 'number of holds is negative'),
    ('disconnected_at < initiated_at', 'disconnect timestamp is before initiation timestamp'),
    ('dequeued_at < enqueued_at', 'dequeue timestamp is before enqueue timestamp'),
    (untyped('sentiment_text', 'sentiment'), 'sentiment is no number from -1 to 1'),
    ('sentiment not between -1 and 1', 'sentiment is not between -1 and 1'),
    ('acw_ended_at < acw_started_at', 'after contact work end timestamp is before its start timestamp'),
]) -%}
with

source as (

    select * from {{ landed_rows('amazon_connect', 'contact_records') }}

),

parsed as (

    select
        *,
        {{ json_document('queue') }} as queue_json,
        {{ json_document('agent') }} as agent_json,
        {{ json_document('customer_endpoint') }} as customer_endpoint_json,
        {{ json_document('system_endpoint') }} as system_endpoint_json,
        {{ json_document('attributes') }} as attributes_json
    from source

),

extracted as (

    select
        {{ clean_text('contact_id') }} as contact_id,
        {{ clean_text('initial_contact_id') }} as initial_contact_id,
        {{ clean_text('previous_contact_id') }} as previous_contact_id,
        {{ clean_text('next_contact_id') }} as next_contact_id,
        {{ clean_text('related_contact_id') }} as related_contact_id,
        upper({{ clean_text('channel') }}) as channel,
        upper({{ clean_text('initiation_method') }}) as initiation_method,
        {{ clean_text('initiation_timestamp') }} as initiation_timestamp,
        {{ clean_text('connected_to_system_timestamp') }} as connected_to_system_timestamp,
        {{ clean_text('disconnect_timestamp') }} as disconnect_timestamp,
        {{ clean_text('last_update_timestamp') }} as last_update_timestamp,
        {{ clean_text('disconnect_reason') }} as disconnect_reason,
        {{ clean_text('transfer_completed_timestamp') }} as transfer_completed_timestamp,
        queue,
        queue_json,
        {{ clean_text(json_text('queue_json', 'Name')) }} as queue_name,
        {{ clean_text(json_text('queue_json', 'EnqueueTimestamp')) }} as enqueue_timestamp,
        {{ clean_text(json_text('queue_json', 'DequeueTimestamp')) }} as dequeue_timestamp,
        {{ clean_text(json_text('queue_json', 'Duration')) }} as queue_duration,
        agent,
        agent_json,
        {{ clean_text(json_text('agent_json', 'Username')) }} as agent_username,
        {{ clean_text(json_text('agent_json', 'ConnectedToAgentTimestamp')) }}
            as connected_to_agent_timestamp,
        {{ clean_text(json_text('agent_json', 'AgentInteractionDuration')) }} as agent_interaction_duration,
        {{ clean_text(json_text('agent_json', 'CustomerHoldDuration')) }} as customer_hold_duration,
        {{ clean_text(json_text('agent_json', 'LongestHoldDuration')) }} as longest_hold_duration,
        {{ clean_text(json_text('agent_json', 'NumberOfHolds')) }} as number_of_holds,
        {{ clean_text(json_text('agent_json', 'AfterContactWorkDuration')) }} as after_contact_work_duration,
        {{ clean_text(json_text('agent_json', 'AfterContactWorkStartTimestamp')) }}
            as after_contact_work_start_timestamp,
        {{ clean_text(json_text('agent_json', 'AfterContactWorkEndTimestamp')) }}
            as after_contact_work_end_timestamp,
        {{ clean_text(json_text('agent_json', 'RoutingProfile.Name')) }} as routing_profile,
        customer_endpoint,
        customer_endpoint_json,
        {{ clean_text(json_text('customer_endpoint_json', 'Address')) }} as customer_key,
        {{ clean_text(json_text('customer_endpoint_json', 'Type')) }} as customer_endpoint_type,
        system_endpoint,
        system_endpoint_json,
        {{ clean_text(json_text('system_endpoint_json', 'Address')) }} as system_address,
        {{ clean_text(json_text('system_endpoint_json', 'Type')) }} as system_endpoint_type,
        attributes,
        attributes_json,
        {{ clean_text(json_text('attributes_json', 'client')) }} as client,
        {{ clean_text(json_text('attributes_json', 'site')) }} as site,
        {{ clean_text(json_text('attributes_json', 'contact_type')) }} as contact_type,
        {{ clean_text(json_text('attributes_json', 'language')) }} as language,
        {{ clean_text(json_text('attributes_json', 'diverted_to')) }} as diverted_to,
        {{ boolean_from(json_text('attributes_json', 'is_test')) }} as is_test,
        {{ boolean_from(json_text('attributes_json', 'self_served')) }} as is_self_served,
        {{ boolean_from(json_text('attributes_json', 'resolved')) }} as is_resolved,
        {{ boolean_from(json_text('attributes_json', 'callback_requested')) }} as is_callback_requested,
        {{ clean_text(json_text('attributes_json', 'sentiment')) }} as sentiment_text,
        {{ clean_text('aws_account_id') }} as aws_account_id,
        {{ clean_text('instance_arn') }} as instance_arn,
        source_file,
        source_row,
        file_hash,
        landed_at
    from parsed

),

typed as (

    select
        *,
        {%- for raw, typed in times.items() %}
        {{ iso_to_utc(raw) }} as {{ typed }},
        {%- endfor %}
        {%- for raw, typed in durations.items() %}
        {{ seconds_from(raw) }} as {{ typed }},
        {%- endfor %}
        try_cast(number_of_holds as bigint) as holds_count,
        try_cast(sentiment_text as decimal(4, 3)) as sentiment
    from extracted

),

checked as (

    select
        *,
        coalesce(last_updated_at, disconnected_at, initiated_at) as updated_at,
        -- A monitoring record names the contact that was listened to, and is no part of its chain.
        case
            when initiation_method = 'MONITOR' then contact_id
            else coalesce(initial_contact_id, previous_contact_id, contact_id)
        end as root_contact_id,
        {{ quarantine_reason(rules) }} as quarantine_reason
    from typed

),

final as (

    select
        contact_id,
        root_contact_id,
        initial_contact_id,
        previous_contact_id,
        next_contact_id,
        related_contact_id,
        channel,
        initiation_method,
        disconnect_reason,
        queue_name,
        agent_username,
        routing_profile,
        customer_key,
        customer_endpoint_type,
        system_address,
        system_endpoint_type,
        client,
        site,
        contact_type,
        language,
        diverted_to,
        aws_account_id,
        instance_arn,
        initiated_at,
        connected_to_system_at,
        enqueued_at,
        dequeued_at,
        connected_to_agent_at,
        transfer_completed_at,
        disconnected_at,
        acw_started_at,
        acw_ended_at,
        queue_seconds,
        talk_seconds,
        hold_seconds,
        longest_hold_seconds,
        acw_seconds,
        holds_count,
        sentiment,
        is_test,
        is_self_served,
        is_resolved,
        is_callback_requested,
        'amazon_connect' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        contact_id as record_key
    from checked

)

{{ staged('final', 'amazon_connect', 'contact_records') }}
