with

source as (

    select * from {{ landed_rows('intercom', 'contacts') }}

),

typed as (

    select
        {{ clean_text('id') }} as contact_key,
        {{ clean_text('external_id') }} as external_key,
        {{ clean_text('email') }} as email_key,
        {{ clean_text('phone') }} as phone_key,
        lower({{ clean_text('role') }}) as role,
        {{ clean_text('created_at') }} as raw_created_at,
        {{ clean_text('updated_at') }} as raw_updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

versioned as (

    select
        *,
        {{ epoch_or_iso('raw_created_at') }} as created_at,
        {{ epoch_or_iso('raw_updated_at') }} as changed_at
    from typed

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [('contact_key is null', 'id is missing')]
            + typing_rules('time', ['created_at', ('updated_at', 'changed_at')])
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        contact_key,
        external_key,
        email_key,
        phone_key,
        role,
        'intercom' as platform,
        coalesce(changed_at, created_at) as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        contact_key as record_key
    from checked

)

{{ staged('final', 'intercom', 'contacts') }}
