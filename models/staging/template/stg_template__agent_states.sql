{%- set times = ['started_at', 'ended_at', 'updated_at'] -%}
with

source as (

    select * from {{ landed_rows('template', 'agent_states') }}

),

formats as (

    {{ proven_formats('template', 'agent_states', times) }}

),

plain as (

    {{ plain_rows('template', 'agent_states', times) }}

),

typed as (

    select
        {{ prefixed_id('agent_id', 'template') }} as agent_id,
        {{ clean_text('state') }} as state,
        {{ iso_to_utc('plain_started_at') }} as started_at,
        {{ iso_to_utc('plain_ended_at') }} as ended_at,
        {{ prefixed_id('contact_id', 'template') }} as contact_id,
        {{ iso_to_utc('plain_updated_at') }} as changed_at,
        started_at as raw_started_at,
        ended_at as raw_ended_at,
        updated_at as raw_updated_at,
        date_order,
        source_file,
        source_row,
        file_hash,
        landed_at
    from plain

),

keyed as (

    select
        *,
        {{ surrogate_key(['agent_id', 'started_at', 'contact_id']) }} as state_key
    from typed

),

versioned as (

    select
        *,
        coalesce(changed_at, greatest(started_at, ended_at)) as version_at
    from keyed

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ("agent_id is null", 'agent_id is missing'),
                ("state is null", 'state is missing'),
                (clean_text('raw_started_at') ~ " is null", 'started_at is missing'),
                ("ended_at < started_at", 'ended_at is before started_at'),
            ]
            + typing_rules('time', ['started_at', 'ended_at', ('updated_at', 'changed_at')])
            + format_rules(times)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        state_key,
        agent_id,
        state,
        started_at,
        ended_at,
        contact_id,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        state_key as record_key
    from checked

)

{{ staged('final', 'template', 'agent_states') }}
