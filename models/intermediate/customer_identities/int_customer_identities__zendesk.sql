{%- set call = "'zendesk:call-' || user_key || '-' || phone_key" -%}
{{ tracked('identity_id', by={
    'stg_zendesk__users': "'zendesk:user-' || user_key",
    'stg_zendesk__talk_calls': call,
}) }}
with

users as (

    select
        'zendesk:user-' || user_key as identity_id,
        platform,
        customer_number_key,
        user_key,
        email_key,
        -- Zendesk knows that others use the number, too
        case when not is_phone_shared then phone_key end as phone_key,
        cast(null as {{ dbt.type_string() }}) as other_key
    from {{ ref('stg_zendesk__users') }}
    where
        record_status = 'current'
        and coalesce(role, 'end-user') = 'end-user'
        and {{ only_touched("'zendesk:user-' || user_key") }}

),

-- whom Zendesk took the caller of a number for
callers as (

    select distinct
        {{ call }} as identity_id,
        platform,
        cast(null as {{ dbt.type_string() }}) as customer_number_key,
        user_key,
        cast(null as {{ dbt.type_string() }}) as email_key,
        phone_key,
        cast(null as {{ dbt.type_string() }}) as other_key
    from {{ ref('stg_zendesk__talk_calls') }}
    where
        record_status = 'current'
        and user_key <> phone_key
        and {{ only_touched(call) }}

),

united as (

    select * from users
    union all
    select * from callers

)

select * from united
