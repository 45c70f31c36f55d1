{%- set times = ['queued_at', 'answered_at', 'ended_at', 'updated_at'] -%}
{%- set numbers = ['leg_number'] -%}
{%- set durations = ['wait_seconds', 'talk_seconds', 'hold_seconds', 'acw_seconds'] -%}
with

source as (

    select * from {{ landed_rows('template', 'contact_legs') }}

),

formats as (

    {{ proven_formats('template', 'contact_legs', times, numbers + durations) }}

),

plain as (

    {{ plain_rows('template', 'contact_legs', times, numbers, durations) }}

),

typed as (

    select
        {{ prefixed_id('leg_id', 'template') }} as leg_id,
        {{ prefixed_id('contact_id', 'template') }} as contact_id,
        {{ count_from('plain_leg_number') }} as leg_number,
        {{ clean_text('queue') }} as queue,
        {{ prefixed_id('agent_id', 'template') }} as agent_id,
        {{ iso_to_utc('plain_queued_at') }} as queued_at,
        {{ iso_to_utc('plain_answered_at') }} as answered_at,
        {{ iso_to_utc('plain_ended_at') }} as ended_at,
        {{ seconds_from('plain_wait_seconds') }} as wait_seconds,
        {{ seconds_from('plain_talk_seconds') }} as talk_seconds,
        {{ seconds_from('plain_hold_seconds') }} as hold_seconds,
        {{ seconds_from('plain_acw_seconds') }} as acw_seconds,
        lower({{ clean_text('exit') }}) as exit,
        coalesce({{ boolean_from('is_callback') }}, false) as is_callback,
        {{ iso_to_utc('plain_updated_at') }} as changed_at,
        {{ boolean_from('is_callback') }} as stated_is_callback,
        leg_number as raw_leg_number,
        queued_at as raw_queued_at,
        answered_at as raw_answered_at,
        ended_at as raw_ended_at,
        wait_seconds as raw_wait_seconds,
        talk_seconds as raw_talk_seconds,
        hold_seconds as raw_hold_seconds,
        acw_seconds as raw_acw_seconds,
        is_callback as raw_is_callback,
        updated_at as raw_updated_at,
        date_order,
        decimal_mark,
        source_file,
        source_row,
        file_hash,
        landed_at
    from plain

),

identified as (

    select
        *,
        coalesce(leg_id, contact_id || '-' || cast(leg_number as {{ dbt.type_string() }})) as leg_key
    from typed

),

versioned as (

    select
        *,
        coalesce(changed_at, greatest(queued_at, answered_at, ended_at)) as version_at
    from identified

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ("contact_id is null", 'contact_id is missing'),
                ("leg_key is null", 'leg_id is missing, and leg_number too'),
                (
                    "exit not in ('completed', 'transferred', 'abandoned', 'no_answer', "
                    ~ "'timed_out', 'diverted', 'callback_requested', 'open')",
                    'exit is not one of ours'
                ),
                ("answered_at < queued_at", 'answered_at is before queued_at'),
                (
                    "ended_at < coalesce(answered_at, queued_at)",
                    'ended_at is before queued_at or answered_at'
                ),
            ]
            + typing_rules('time', ['queued_at', 'answered_at', 'ended_at', ('updated_at', 'changed_at')])
            + typing_rules('seconds', ['wait_seconds', 'talk_seconds', 'hold_seconds', 'acw_seconds'])
            + typing_rules('count', ['leg_number'])
            + typing_rules('boolean', [('is_callback', 'stated_is_callback')])
            + format_rules(times, numbers + durations)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        leg_key as leg_id,
        contact_id,
        leg_number,
        queue,
        agent_id,
        queued_at,
        answered_at,
        ended_at,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        exit,
        is_callback,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        leg_key as record_key
    from checked

)

{{ staged('final', 'template', 'contact_legs') }}
