{#- An agent can hold ten contacts at once at most: the platform's own ceiling of concurrent chats. -#}
{%- set most_contacts = 10 -%}
with

source as (

    select * from {{ landed_rows('amazon_connect', 'agent_events') }}

),

parsed as (

    select
        *,
        {{ json_document('current_agent_snapshot') }} as current_json,
        {{ json_document('previous_agent_snapshot') }} as previous_json
    from source

),

extracted as (

    select
        {{ clean_text('event_id') }} as event_id,
        upper({{ clean_text('event_type') }}) as event_type,
        {{ clean_text('event_timestamp') }} as event_timestamp,
        {{ clean_text('agent_arn') }} as agent_arn,
        current_agent_snapshot,
        current_json,
        previous_agent_snapshot,
        previous_json,
        {{ clean_text(json_text('current_json', 'Configuration.Username')) }} as current_username,
        {{ clean_text(json_text('previous_json', 'Configuration.Username')) }} as previous_username,
        {{ clean_text(json_text('current_json', 'Configuration.FirstName')) }} as first_name,
        {{ clean_text(json_text('current_json', 'Configuration.LastName')) }} as last_name,
        {{ clean_text(json_text('current_json', 'Configuration.RoutingProfile.Name')) }} as routing_profile,
        {{ clean_text(json_text('current_json', 'AgentStatus.Name')) }} as status_name,
        {{ clean_text(json_text('current_json', 'AgentStatus.Type')) }} as status_type,
        {{ clean_text(json_text('current_json', 'AgentStatus.StartTimestamp')) }} as status_start_timestamp,
        coalesce({{ json_array_length(json_text('current_json', 'Contacts')) }}, 0) as contacts_count,
        {%- for index in range(most_contacts) %}
        {{ json_text('current_json', 'Contacts[' ~ index ~ '].ContactId') }} as contact_{{ index }}_id,
        {{ json_text('current_json', 'Contacts[' ~ index ~ '].State') }} as contact_{{ index }}_state,
        {%- endfor %}
        {{ clean_text('aws_account_id') }} as aws_account_id,
        {{ clean_text('instance_arn') }} as instance_arn,
        {{ clean_text('version') }} as format_version,
        source_file,
        source_row,
        file_hash,
        landed_at
    from parsed

),

typed as (

    select
        *,
        coalesce(current_username, previous_username, agent_arn) as agent_username,
        {{ iso_to_utc('event_timestamp') }} as occurred_at,
        {{ iso_to_utc('status_start_timestamp') }} as status_started_at,
        -- the two lists agree in their places, and keep a place for what the snapshot does not say
        nullif(concat_ws(
            ',',
            {%- for index in range(most_contacts) %}
            case
                when contacts_count > {{ index }}
                    then coalesce({{ clean_text('contact_' ~ index ~ '_id') }}, '')
            end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ), '') as contact_ids,
        nullif(concat_ws(
            ',',
            {%- for index in range(most_contacts) %}
            case
                when contacts_count > {{ index }}
                    then coalesce({{ clean_text('contact_' ~ index ~ '_state') }}, '')
            end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ), '') as contact_states
    from extracted

),

checked as (

    select
        *,
        occurred_at as updated_at,
        {{ quarantine_reason([
            ('event_id is null', 'event id is missing'),
            ('event_timestamp is null', 'event timestamp is missing'),
            (untyped('event_timestamp', 'occurred_at'), 'event timestamp is no valid time'),
            ('event_type is null', 'event type is missing'),
            ('agent_username is null', 'agent is missing'),
            (untyped('current_agent_snapshot', 'current_json'), 'current agent snapshot is no JSON'),
            (untyped('previous_agent_snapshot', 'previous_json'), 'previous agent snapshot is no JSON'),
            (untyped('status_start_timestamp', 'status_started_at'), 'status start timestamp is no valid time'),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        event_id,
        event_type,
        agent_username,
        agent_arn,
        first_name,
        last_name,
        routing_profile,
        status_name,
        status_type,
        contact_ids,
        upper(contact_states) as contact_states,
        contacts_count,
        aws_account_id,
        instance_arn,
        format_version,
        occurred_at,
        status_started_at,
        'amazon_connect' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        event_id as record_key
    from checked

)

{{ staged('final', 'amazon_connect', 'agent_events') }}
