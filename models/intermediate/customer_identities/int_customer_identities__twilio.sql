{%- set event = "'twilio:' || email_key || '-' || customer_key" -%}
{{ tracked('identity_id', by={'stg_twilio__taskrouter_events': event}) }}
with

-- a task has the address that a call or message came from, and the e-mail address that a flow asked for
identities as (

    select
        {{ event }} as identity_id,
        max(platform) as platform,
        cast(null as {{ dbt.type_string() }}) as customer_number_key,
        cast(null as {{ dbt.type_string() }}) as user_key,
        email_key,
        -- in chats it is a login, of which one person may have many
        max(case when task_channel in ('voice', 'sms') then customer_key end) as phone_key,
        max(customer_key) as other_key
    from {{ ref('stg_twilio__taskrouter_events') }}
    where
        record_status = 'current'
        and email_key is not null
        and customer_key is not null
        and {{ only_touched(event) }}
    group by email_key, customer_key

)

select * from identities
