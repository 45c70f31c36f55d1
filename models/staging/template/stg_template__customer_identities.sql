{%- set times = ['updated_at'] -%}
with

source as (

    select * from {{ landed_rows('template', 'customer_identities') }}

),

formats as (

    {{ proven_formats('template', 'customer_identities', times) }}

),

plain as (

    {{ plain_rows('template', 'customer_identities', times) }}

),

typed as (

    select
        {{ clean_text('identity_id') }} as identity_id,
        {{ clean_text('customer') }} as customer_number_key,
        {{ clean_text('phone') }} as phone_key,
        {{ clean_text('email') }} as email_key,
        {{ clean_text('other') }} as other_key,
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
                (
                    "coalesce(customer_number_key, phone_key, email_key, other_key) is null",
                    'customer, phone, email and other are missing'
                ),
            ]
            + typing_rules('time', [('updated_at', 'changed_at')])
            + format_rules(times)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        coalesce(
            identity_id,
            {{ surrogate_key(['customer_number_key', 'phone_key', 'email_key', 'other_key']) }}
        ) as identity_id,
        customer_number_key,
        phone_key,
        email_key,
        other_key,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        coalesce(
            identity_id,
            {{ surrogate_key(['customer_number_key', 'phone_key', 'email_key', 'other_key']) }}
        ) as record_key
    from checked

)

{{ staged('final', 'template', 'customer_identities') }}
