{{ tracked('identity_id', by={'stg_template__customer_identities': "'template:' || identity_id"}) }}
with

identities as (

    select
        'template:' || identity_id as identity_id,
        platform,
        customer_number_key,
        cast(null as {{ dbt.type_string() }}) as user_key,
        email_key,
        phone_key,
        other_key
    from {{ ref('stg_template__customer_identities') }}
    where
        record_status = 'current'
        and {{ only_touched("'template:' || identity_id") }}

)

select * from identities
