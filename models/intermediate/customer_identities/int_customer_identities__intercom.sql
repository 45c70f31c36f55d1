{%- set contact = "'intercom:contact-' || contact_key" -%}
{%- set author = "'intercom:author-' || customer_key || '-' || email_key" -%}
{{ tracked('identity_id', by={'stg_intercom__contacts': contact, 'stg_intercom__conversations': author}) }}
with

-- each visit of a lead may have made a contact of its own, so that its number does not tell persons apart
contacts as (

    select
        {{ contact }} as identity_id,
        platform,
        case when role = 'user' then external_key end as customer_number_key,
        case when role = 'user' then contact_key end as user_key,
        email_key,
        phone_key,
        case when coalesce(role, '') <> 'user' then contact_key end as other_key
    from {{ ref('stg_intercom__contacts') }}
    where
        record_status = 'current'
        and {{ only_touched(contact) }}

),

authors as (

    select distinct
        {{ author }} as identity_id,
        platform,
        cast(null as {{ dbt.type_string() }}) as customer_number_key,
        cast(null as {{ dbt.type_string() }}) as user_key,
        email_key,
        cast(null as {{ dbt.type_string() }}) as phone_key,
        customer_key as other_key
    from {{ ref('stg_intercom__conversations') }}
    where
        record_status = 'current'
        and coalesce(delivered_as, 'customer_initiated') = 'customer_initiated'
        and {{ only_touched(author) }}
        and email_key is not null
        and customer_key is not null

),

united as (

    select * from contacts
    union all
    select * from authors

)

select * from united
