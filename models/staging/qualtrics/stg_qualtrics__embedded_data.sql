with

source as (

    select * from {{ landed_rows('qualtrics', 'embedded_data') }}

),

typed as (

    select
        {{ clean_text('response_id') }} as response_id,
        -- ContactId and contact_id are one field
        {{ clean_text(regexp_replace_all('lower(key)', '[^a-z0-9]+', '')) }} as field,
        {{ clean_text('value') }} as value,
        {{ iso_to_utc('fivetran_synced') }} as updated_at,
        fivetran_synced as raw_fivetran_synced,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

checked as (

    select
        *,
        {{ quarantine_reason([
            ('response_id is null', 'response_id is missing'),
            ('field is null', 'key is missing'),
        ] + typing_rules('time', [('fivetran_synced', 'updated_at')])) }} as quarantine_reason
    from typed

),

final as (

    select
        response_id,
        field,
        value,
        'qualtrics' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        response_id || ':' || field as record_key
    from checked

)

{{ staged('final', 'qualtrics', 'embedded_data') }}
