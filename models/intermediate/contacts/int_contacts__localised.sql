with

contacts as (

    select * from {{ ref('int_contacts__unioned') }}

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
        coalesce(contacts.queue, 'no_queue') as queue_or_none,
        coalesce(sites.zone, 'UTC') as zone,
        {{ floor_minutes('contacts.arrived_at', 15) }} as interval_start_at,
        contacts.direction = 'inbound' and not contacts.is_test as is_in_scope
    from contacts
    left join sites
        on contacts.site = sites.site

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
        queue_or_none,
        channel,
        arrived_date
    from localised

),

candidates as (

    select
        scopes.client,
        scopes.queue_or_none,
        scopes.channel,
        scopes.arrived_date,
        thresholds.threshold,
        thresholds.value,
        row_number() over (
            partition by
                scopes.client, scopes.queue_or_none, scopes.channel, scopes.arrived_date, thresholds.threshold
            -- for a queue is more specific than for a client, and that than for a channel
            order by
                thresholds.queue is null nulls last,
                thresholds.client is null nulls last,
                thresholds.channel is null nulls last,
                thresholds.valid_from desc nulls last
        ) as preference
    from scopes
    inner join thresholds
        on
            (thresholds.queue is null or scopes.queue_or_none = thresholds.queue)
            and (thresholds.client is null or scopes.client = thresholds.client)
            and (thresholds.channel is null or scopes.channel = thresholds.channel)
            and scopes.arrived_date >= thresholds.valid_from
            and (thresholds.valid_to is null or scopes.arrived_date < thresholds.valid_to)

),

thresholds_in_force as (

    select
        client,
        queue_or_none,
        channel,
        arrived_date,
        max(case when threshold = 'service_level_seconds' then value end) as service_level_seconds,
        max(case when threshold = 'short_abandon_seconds' then value end) as short_abandon_seconds,
        max(case when threshold = 'repeat_window_days' then value end) as repeat_window_days,
        max(case when threshold = 'containment_window_hours' then value end) as containment_window_hours,
        max(case when threshold = 'survey_window_days' then value end) as survey_window_days,
        max(case when threshold = 'open_window_hours' then value end) as open_window_hours
    from candidates
    where preference = 1
    group by client, queue_or_none, channel, arrived_date

),

with_thresholds as (

    select
        localised.*,
        thresholds_in_force.service_level_seconds,
        thresholds_in_force.short_abandon_seconds,
        thresholds_in_force.repeat_window_days,
        thresholds_in_force.containment_window_hours,
        thresholds_in_force.survey_window_days,
        thresholds_in_force.open_window_hours
    from localised
    left join thresholds_in_force
        on
            localised.client = thresholds_in_force.client
            and localised.queue_or_none = thresholds_in_force.queue_or_none
            and localised.channel = thresholds_in_force.channel
            and localised.arrived_date = thresholds_in_force.arrived_date

)

select * from with_thresholds
