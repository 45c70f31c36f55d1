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
{#- What is read of each JSON document: column and path. -#}
{%- set fields = {
    'queue': {
        'queue_name': 'Name',
        'enqueue_timestamp': 'EnqueueTimestamp',
        'dequeue_timestamp': 'DequeueTimestamp',
        'queue_duration': 'Duration',
    },
    'agent': {
        'agent_username': 'Username',
        'connected_to_agent_timestamp': 'ConnectedToAgentTimestamp',
        'agent_interaction_duration': 'AgentInteractionDuration',
        'customer_hold_duration': 'CustomerHoldDuration',
        'longest_hold_duration': 'LongestHoldDuration',
        'number_of_holds': 'NumberOfHolds',
        'after_contact_work_duration': 'AfterContactWorkDuration',
        'after_contact_work_start_timestamp': 'AfterContactWorkStartTimestamp',
        'after_contact_work_end_timestamp': 'AfterContactWorkEndTimestamp',
        'routing_profile': 'RoutingProfile.Name',
    },
    'customer_endpoint': {
        'customer_key': 'Address',
        'customer_endpoint_type': 'Type',
    },
    'system_endpoint': {
        'system_address': 'Address',
        'system_endpoint_type': 'Type',
    },
    'attributes': {
        'client': 'client',
        'site': 'site',
        'contact_type': 'contact_type',
        'language': 'language',
        'diverted_to': 'diverted_to',
        'is_test_text': 'is_test',
        'self_served_text': 'self_served',
        'resolved_text': 'resolved',
        'callback_requested_text': 'callback_requested',
        'sentiment_text': 'sentiment',
    },
} -%}
{%- set documents, texts = [], [] -%}
{%- for document, paths in fields.items() -%}
{%- do documents.append(json_document(document) ~ ' as ' ~ document ~ '_json') -%}
{%- do texts.append(json_texts(document ~ '_json', paths.values()) ~ ' as ' ~ document ~ '_texts') -%}
{%- endfor -%}
{%- set rules = [
    ('contact_id is null', 'contact id is missing'),
    ('initiation_timestamp is null', 'initiation timestamp is missing'),
] -%}
{%- for column in fields -%}
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
        {{ documents | join(',\n        ') }}
    from source

),

opened as (

    select
        *,
        {{ texts | join(',\n        ') }}
    from parsed

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
        {%- for document, paths in fields.items() %}
        {{ document }},
        {{ document }}_json,
        {%- for column in paths %}
        {{ clean_text(nth(document ~ '_texts', loop.index)) }} as {{ column }},
        {%- endfor %}
        {%- endfor %}
        {{ clean_text('customer_id') }} as customer_number_key,
        {{ clean_text('aws_account_id') }} as aws_account_id,
        {{ clean_text('instance_arn') }} as instance_arn,
        source_file,
        source_row,
        file_hash,
        landed_at
    from opened

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
        {{ boolean_from('is_test_text') }} as is_test,
        {{ boolean_from('self_served_text') }} as is_self_served,
        {{ boolean_from('resolved_text') }} as is_resolved,
        {{ boolean_from('callback_requested_text') }} as is_callback_requested,
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
        customer_number_key,
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
