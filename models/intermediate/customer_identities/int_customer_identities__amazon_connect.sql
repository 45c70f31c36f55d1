{%- set record = "'amazon_connect:' || customer_number_key || '-' || customer_key" -%}
{{ tracked('identity_id', by={'stg_amazon_connect__contact_records': record}) }}
with

identities as (

    select
        {{ record }} as identity_id,
        max(platform) as platform,
        customer_number_key,
        cast(null as {{ dbt.type_string() }}) as user_key,
        max(case when customer_endpoint_type = 'EMAIL_ADDRESS' then customer_key end) as email_key,
        max(case when customer_endpoint_type is distinct from 'EMAIL_ADDRESS' then customer_key end)
            as phone_key,
        cast(null as {{ dbt.type_string() }}) as other_key
    from {{ ref('stg_amazon_connect__contact_records') }}
    where
        record_status = 'current'
        and customer_number_key is not null
        and customer_key is not null
        -- who listens to a call is no customer
        and initiation_method <> 'MONITOR'
        and {{ only_touched(record) }}
    group by customer_number_key, customer_key

)

select * from identities
