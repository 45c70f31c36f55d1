with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where is_in_scope

),

sites as (

    select * from {{ ref('dim_site') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

newest as (

    select max(updated_at) as updated_at
    from contacts

),

-- what clock and calendar show at each site as of the run, and whether its running day was heard of at all
clocks as (

    select
        sites.site,
        sites.zone,
        runs.as_of,
        {{ utc_to_local('runs.as_of', 'sites.zone') }} as as_of_local_at,
        cast({{ utc_to_local('runs.as_of', 'sites.zone') }} as date) as day,
        cast({{ utc_to_local('newest.updated_at', 'sites.zone') }} as date)
        >= cast({{ utc_to_local('runs.as_of', 'sites.zone') }} as date) as is_heard
    from sites
    cross join runs
    cross join newest

),

placed as (

    select
        contacts.interval_start_at,
        contacts.client,
        contacts.site,
        contacts.queue,
        contacts.channel,
        contacts.contact_type,
        contacts.arrived_at,
        contacts.queued_at,
        contacts.ended_at,
        contacts.outcome,
        contacts.wait_seconds,
        contacts.is_offered,
        contacts.is_answered,
        contacts.is_abandoned,
        contacts.is_short_abandon,
        contacts.is_left_in_target,
        contacts.is_handled,
        clocks.zone,
        clocks.as_of,
        clocks.as_of_local_at,
        clocks.day,
        clocks.is_heard,
        {{ days_between('contacts.arrived_date', 'clocks.day') }} as age_days,
        contacts.arrived_local_at + interval '1' day as next_day_local_at,
        {{ add_seconds('contacts.arrived_at', 'contacts.open_window_hours * 3600') }} >= clocks.as_of
            as is_believed_open
    from contacts
    inner join clocks
        on contacts.site = clocks.site
    where contacts.arrived_at <= clocks.as_of

),

standing as (

    select
        *,
        {{ local_to_utc('next_day_local_at', 'zone') }} as next_day_at,
        {{ seconds_between('coalesce(queued_at, arrived_at)', 'as_of') }} as waited_seconds,
        outcome = 'open' and is_offered and is_believed_open as is_waiting,
        outcome = 'open' and is_offered and not is_believed_open as is_lost_sight_of,
        is_handled and ended_at is null and is_believed_open as is_in_progress
    from placed

),

-- the running day; beside it what still goes on from days before, and the day before up to the same time
parts as (

    select
        'today' as part,
        interval_start_at as reported_interval_start_at,
        *
    from standing
    where age_days = 0
    union all
    select
        'carried_over' as part,
        interval_start_at as reported_interval_start_at,
        *
    from standing
    where
        age_days > 0
        and is_heard
        and (is_waiting or is_in_progress)
    union all
    select
        'previous_day' as part,
        -- a local time that comes twice is the first of both
        case
            when {{ utc_to_local("(next_day_at - interval '1' hour)", 'zone') }} = next_day_local_at
                then {{ floor_minutes("(next_day_at - interval '1' hour)", 15) }}
            else {{ floor_minutes('next_day_at', 15) }}
        end as reported_interval_start_at,
        *
    from standing
    where
        age_days = 1
        and is_heard
        and next_day_local_at <= as_of_local_at

),

counted as (

    select
        reported_interval_start_at as interval_start_at,
        client,
        site,
        queue,
        channel,
        contact_type,
        zone,
        day,
        as_of,
        part = 'carried_over' as is_carried_over,
        count(*) filter (where part = 'today') as contacts_count,
        count(*) filter (where part = 'today' and is_offered) as offered_count,
        count(*) filter (where part = 'today' and is_answered) as answered_count,
        count(*) filter (where part = 'today' and is_abandoned) as abandoned_count,
        count(*) filter (where part = 'today' and is_short_abandon) as short_abandon_count,
        count(*) filter (where part = 'today' and outcome = 'diverted') as diverted_count,
        count(*) filter (where part = 'today' and outcome = 'callback_requested') as callback_requested_count,
        count(*) filter (where part = 'today' and is_lost_sight_of) as lost_sight_of_count,
        count(*) filter (where part = 'today' and is_answered and is_left_in_target)
            as answered_in_target_count,
        count(*) filter (where part = 'today' and is_offered and not is_short_abandon)
            as service_level_base_count,
        cast(
            coalesce(sum(wait_seconds) filter (where part = 'today' and is_answered), 0) as decimal(18, 3)
        ) as answered_wait_seconds,
        count(wait_seconds) filter (where part = 'today' and is_answered) as wait_measured_count,
        count(*) filter (where part in ('today', 'carried_over') and is_waiting) as waiting_count,
        max(waited_seconds) filter (where part in ('today', 'carried_over') and is_waiting)
            as longest_wait_seconds,
        count(*) filter (where part in ('today', 'carried_over') and is_in_progress) as in_progress_count,
        count(*) filter (where part = 'previous_day') as previous_day_contacts_count,
        count(*) filter (where part = 'previous_day' and is_answered and is_left_in_target)
            as previous_day_answered_in_target_count,
        count(*) filter (where part = 'previous_day' and is_offered and not is_short_abandon)
            as previous_day_service_level_base_count
    from parts
    group by
        reported_interval_start_at,
        client,
        site,
        queue,
        channel,
        contact_type,
        zone,
        day,
        as_of,
        part = 'carried_over'

),

localised as (

    select
        interval_start_at,
        {{ utc_to_local('interval_start_at', 'zone') }} as interval_local_at,
        day,
        client,
        site,
        queue,
        channel,
        contact_type,
        is_carried_over,
        contacts_count,
        offered_count,
        answered_count,
        abandoned_count,
        short_abandon_count,
        diverted_count,
        callback_requested_count,
        lost_sight_of_count,
        answered_in_target_count,
        service_level_base_count,
        answered_wait_seconds,
        wait_measured_count,
        waiting_count,
        longest_wait_seconds,
        in_progress_count,
        previous_day_contacts_count,
        previous_day_answered_in_target_count,
        previous_day_service_level_base_count,
        as_of
    from counted

)

select * from localised
