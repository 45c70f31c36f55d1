with

source as (

    select * from {{ landed_rows('zendesk', 'users') }}

),

typed as (

    select
        {{ clean_text('id') }} as user_key,
        {{ clean_text('external_id') }} as customer_number_key,
        {{ clean_text('email') }} as email_key,
        {{ clean_text('phone') }} as phone_key,
        coalesce({{ boolean_from('shared_phone_number') }}, false) as is_phone_shared,
        lower({{ clean_text('role') }}) as role,
        {{ iso_to_utc('updated_at') }} as changed_at,
        {{ iso_to_utc('created_at') }} as created_at,
        updated_at as raw_updated_at,
        created_at as raw_created_at,
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
            ("user_key is null", 'id is missing'),
            (untyped('raw_created_at', 'created_at'), 'created_at is no valid time'),
            (untyped('raw_updated_at', 'changed_at'), 'updated_at is no valid time'),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        user_key,
        customer_number_key,
        email_key,
        phone_key,
        is_phone_shared,
        role,
        'zendesk' as platform,
        coalesce(changed_at, created_at) as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        user_key as record_key
    from checked

)

{{ staged('final', 'zendesk', 'users') }}
