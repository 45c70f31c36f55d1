{#- An agent can hold ten contacts at once at most: the platform's own ceiling of concurrent chats. -#}
{%- set most_contacts = 10 -%}
{#- What is read of the current snapshot: column and path. -#}
{%- set fields = {
    'current_username': 'Configuration.Username',
    'first_name': 'Configuration.FirstName',
    'last_name': 'Configuration.LastName',
    'routing_profile': 'Configuration.RoutingProfile.Name',
    'status_name': 'AgentStatus.Name',
    'status_type': 'AgentStatus.Type',
    'status_start_timestamp': 'AgentStatus.StartTimestamp',
} -%}
{%- for index in range(most_contacts) -%}
{%- do fields.update({'contact_' ~ index ~ '_id': 'Contacts[' ~ index ~ '].ContactId'}) -%}
{%- do fields.update({'contact_' ~ index ~ '_state': 'Contacts[' ~ index ~ '].State'}) -%}
{%- endfor -%}
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

opened as (

    select
        *,
        {{ json_texts('current_json', fields.values()) }} as current_texts
    from parsed

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
        {%- for column in fields %}
        {{ clean_text(nth('current_texts', loop.index)) }} as {{ column }},
        {%- endfor %}
        {{ clean_text(json_text('previous_json', 'Configuration.Username')) }} as previous_username,
        coalesce({{ json_array_length(json_text('current_json', 'Contacts')) }}, 0) as contacts_count,
        {{ clean_text('aws_account_id') }} as aws_account_id,
        {{ clean_text('instance_arn') }} as instance_arn,
        {{ clean_text('version') }} as format_version,
        source_file,
        source_row,
        file_hash,
        landed_at
    from opened

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
                    then coalesce(contact_{{ index }}_id, '')
            end
            {{- ',' if not loop.last }}
            {%- endfor %}
        ), '') as contact_ids,
        nullif(concat_ws(
            ',',
            {%- for index in range(most_contacts) %}
            case
                when contacts_count > {{ index }}
                    then coalesce(contact_{{ index }}_state, '')
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
