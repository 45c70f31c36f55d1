{%- set names = [
    'service_level_seconds',
    'short_abandon_seconds',
    'repeat_window_days',
    'containment_window_hours',
    'survey_window_days',
    'open_window_hours',
] -%}
{{ tracked('contact_id', by={'int_contacts__unioned': 'contact_id'}, also=[
    'select contact_id from ' ~ ref('int_contacts__unioned')
    ~ ' where customer_key in (select identifier_key from ' ~ changes('int_identifiers__resolved') ~ ')',
]) }}
with

contacts as (

    select
        {{ all_but('customer_key') }},
        customer_key as identifier_key
    from {{ ref('int_contacts__unioned') }}
    where {{ only_touched('contact_id') }}

),

resolved as (

    select * from {{ ref('int_identifiers__resolved') }}

),

sites as (

    select * from {{ ref('sites') }}

),

thresholds as (

    select * from {{ ref('thresholds') }}

),

placed as (

    select
        contacts.*,
        -- an identifier that no record joins with another is a customer, one that several use is none
        case
            when resolved.identifier_key is null then contacts.identifier_key
            else resolved.customer_key
        end as customer_key,
        coalesce(contacts.queue, 'no_queue') as queue_or_none,
        coalesce(sites.zone, 'UTC') as zone,
        {{ floor_minutes('contacts.arrived_at', 15) }} as interval_start_at,
        contacts.direction = 'inbound' and not contacts.is_test as is_in_scope
    from contacts
    left join sites
        on contacts.site = sites.site
    left join resolved
        on contacts.identifier_key = resolved.identifier_key

),

localised as (

    select
        *,
        {{ utc_to_local('arrived_at', 'zone') }} as arrived_local_at,
        cast({{ utc_to_local('arrived_at', 'zone') }} as date) as arrived_date
    from placed

),

scopes as (

    select distinct
        client,
        queue_or_none as queue,
        channel,
        arrived_date as day
    from localised

),

thresholds_in_force as (

    {{ in_force('scopes', 'thresholds', 'threshold', 'value', names) }}

),

with_thresholds as (

    select
        {%- for name in names %}
        thresholds_in_force.{{ name }},
        {%- endfor %}
        localised.*
    from localised
    left join thresholds_in_force
        on
            localised.client = thresholds_in_force.client
            and localised.queue_or_none = thresholds_in_force.queue
            and localised.channel = thresholds_in_force.channel
            and localised.arrived_date = thresholds_in_force.day

)

select * from with_thresholds
