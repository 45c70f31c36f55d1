{%- set times = ['started_at', 'ended_at', 'updated_at'] -%}
with

source as (

    select * from {{ landed_rows('template', 'agent_shifts') }}

),

formats as (

    {{ proven_formats('template', 'agent_shifts', times) }}

),

plain as (

    {{ plain_rows('template', 'agent_shifts', times) }}

),

typed as (

    select
        {{ prefixed_id('agent_id', 'template') }} as agent_id,
        {{ clean_text('activity') }} as activity,
        {{ iso_to_utc('plain_started_at') }} as started_at,
        {{ iso_to_utc('plain_ended_at') }} as ended_at,
        coalesce({{ boolean_from('is_paid') }}, true) as is_paid,
        {{ iso_to_utc('plain_updated_at') }} as changed_at,
        {{ boolean_from('is_paid') }} as stated_is_paid,
        started_at as raw_started_at,
        ended_at as raw_ended_at,
        is_paid as raw_is_paid,
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
        {{ surrogate_key(['agent_id', 'started_at']) }} as shift_key
    from typed

),

versioned as (

    select
        *,
        coalesce(changed_at, started_at) as version_at
    from keyed

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ("agent_id is null", 'agent_id is missing'),
                ("activity is null", 'activity is missing'),
                (clean_text('raw_started_at') ~ " is null", 'started_at is missing'),
                (clean_text('raw_ended_at') ~ " is null", 'ended_at is missing'),
                ("ended_at < started_at", 'ended_at is before started_at'),
            ]
            + typing_rules('time', ['started_at', 'ended_at', ('updated_at', 'changed_at')])
            + typing_rules('boolean', [('is_paid', 'stated_is_paid')])
            + format_rules(times)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        shift_key,
        agent_id,
        activity,
        started_at,
        ended_at,
        is_paid,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        shift_key as record_key
    from checked

)

{{ staged('final', 'template', 'agent_shifts') }}
