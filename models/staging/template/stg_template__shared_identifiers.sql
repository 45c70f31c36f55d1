{%- set times = ['updated_at'] -%}
with

source as (

    select * from {{ landed_rows('template', 'shared_identifiers') }}

),

formats as (

    {{ proven_formats('template', 'shared_identifiers', times) }}

),

plain as (

    {{ plain_rows('template', 'shared_identifiers', times) }}

),

typed as (

    select
        {{ clean_text('identifier') }} as identifier_key,
        {{ boolean_from('is_shared') }} as stated_is_shared,
        is_shared as raw_is_shared,
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
                ("identifier_key is null", 'identifier is missing'),
            ]
            + typing_rules('boolean', [('is_shared', 'stated_is_shared')])
            + typing_rules('time', [('updated_at', 'changed_at')])
            + format_rules(times)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        identifier_key,
        coalesce(stated_is_shared, true) as is_shared,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        identifier_key as record_key
    from checked

)

{{ staged('final', 'template', 'shared_identifiers') }}
