{#- Reports show this zone, whatever the site's is. -#}
{%- set zone = "'America/Los_Angeles'" -%}
with

source as (

    select * from {{ landed_rows('five9', 'agent_states') }}

),

typed as (

    select
        {{ clean_text('agent') }} as agent_name,
        {{ clean_text('state') }} as state,
        {{ clean_text('reason_code') }} as reason_code,
        {{ clean_text('call_id') }} as call_id,
        coalesce({{ rfc_2822_clock('timestamp') }}, {{ iso_to_utc('timestamp') }}) as started_local_at,
        {{ seconds_from_clock('agent_state_time') }} as state_seconds,
        timestamp as raw_timestamp,
        agent_state_time as raw_agent_state_time,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

placed as (

    select
        *,
        {{ first_local_to_utc('started_local_at', zone) }} as started_at
    from typed

),

timed as (

    select
        *,
        {{ utc_to_local('started_at', zone) }} as shown_local_at,
        coalesce({{ utc_to_local(add_seconds('started_at', 3600.0), zone) }} = started_local_at, false)
            as is_hour_repeated,
        -- A state that goes on comes again, longer, once it has ended.
        {{ add_seconds('started_at', 'coalesce(state_seconds, 0)') }} as updated_at
    from placed

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ('agent_name is null', 'agent is missing'),
                ('state is null', 'state is missing'),
                (clean_text('raw_timestamp') ~ ' is null', 'timestamp is missing'),
                (untyped('raw_timestamp', 'started_local_at'), 'timestamp is no valid time'),
                ('shown_local_at <> started_local_at', 'timestamp is in the hour that the US Pacific clock leaves out'),
            ]
            + typing_rules('seconds', [('agent_state_time', 'state_seconds')])
        ) }} as quarantine_reason
    from timed

),

final as (

    select
        agent_name,
        state,
        reason_code,
        call_id,
        started_local_at,
        started_at,
        is_hour_repeated,
        state_seconds,
        'five9' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        agent_name || '-' || state || '-' || coalesce(call_id, '')
        || '-' || cast(started_local_at as {{ dbt.type_string() }}) as record_key
    from checked

)

{{ staged('final', 'five9', 'agent_states') }}
