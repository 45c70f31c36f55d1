{%- set times = ['updated_at'] -%}
with

source as (

    select * from {{ landed_rows('template', 'agents') }}

),

formats as (

    {{ proven_formats('template', 'agents', times) }}

),

plain as (

    {{ plain_rows('template', 'agents', times) }}

),

typed as (

    select
        {{ prefixed_id('agent_id', 'template') }} as agent_id,
        {{ clean_text('name') }} as name,
        {{ clean_text('team') }} as team,
        {{ clean_text('supervisor') }} as supervisor,
        {{ clean_text('site') }} as site,
        {{ iso_to_utc('plain_updated_at') }} as changed_at,
        updated_at as raw_updated_at,
        date_order,
        source_file,
        source_row,
        file_hash,
        landed_at
    from plain

),

versioned as (

    select
        *,
        coalesce(changed_at, landed_at) as version_at
    from typed

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ("agent_id is null", 'agent_id is missing'),
            ]
            + typing_rules('time', [('updated_at', 'changed_at')])
            + format_rules(times)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        agent_id,
        name,
        team,
        supervisor,
        site,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        agent_id as record_key
    from checked

)

{{ staged('final', 'template', 'agents') }}
