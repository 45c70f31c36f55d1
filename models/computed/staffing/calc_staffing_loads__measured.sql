with

intervals as (

    select * from {{ ref('agg_queue_intervals') }}

),

rules as (

    select * from {{ ref('calc_staffing_rules__resolved') }}

),

handle_times as (

    select * from {{ ref('calc_handle_times__resolved') }}

),

channels as (

    select * from {{ ref('dim_channel') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

staffed as (

    select * from {{ ref('calc_staffed_agents__summed') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

-- an agent with several chats at once is to each of them like a faster agent with one
described as (

    select
        rules.*,
        sites.zone,
        coalesce(channels.is_synchronous, false) as is_synchronous,
        handle_times.handle_seconds,
        handle_times.handle_time_basis,
        handle_times.handle_seconds / nullif(cast(rules.concurrent_contacts as double), 0) as agent_seconds
    from rules
    inner join handle_times
        on
            rules.day = handle_times.day
            and rules.client = handle_times.client
            and rules.site = handle_times.site
            and rules.queue = handle_times.queue
            and rules.channel = handle_times.channel
    inner join sites
        on rules.site = sites.site
    left join channels
        on rules.channel = channels.channel

),

arrived as (

    select
        intervals.interval_start_at,
        intervals.client,
        intervals.site,
        intervals.queue,
        intervals.channel,
        intervals.offered_count,
        intervals.offered_count - intervals.short_abandon_count as service_level_base_count,
        intervals.answered_in_target_count,
        described.is_synchronous,
        cast(intervals.offered_count * described.agent_seconds as decimal(18, 6)) as work_seconds,
        -- deferred work is due evenly until the service level's time is up
        case
            when described.is_synchronous then 1
            else greatest(cast(ceil(described.service_level_seconds / 900.0) as bigint), 1)
        end as due_intervals_count
    from intervals
    inner join described
        on
            intervals.day = described.day
            and intervals.client = described.client
            and intervals.site = described.site
            and intervals.queue = described.queue
            and intervals.channel = described.channel

),

due as (

    select
        buckets.interval_start_at,
        arrived.client,
        arrived.site,
        arrived.queue,
        arrived.channel,
        cast(arrived.work_seconds / nullif(arrived.due_intervals_count, 0) as decimal(18, 6)) as work_seconds
    from arrived
    {{ lateral_buckets(
        'arrived.interval_start_at',
        add_seconds('arrived.interval_start_at', 'arrived.due_intervals_count * 900'),
        15,
        'buckets',
        'interval_start_at',
    ) }}

),

-- a queue that must never be left alone needs its agents also while nobody calls
opened as (

    select
        queue,
        client,
        site,
        channel,
        {{ local_to_utc('cast(day as timestamp)', 'zone') }} as opens_at,
        {{ local_to_utc('cast(' ~ add_days('day', 1) ~ ' as timestamp)', 'zone') }} as closes_at
    from described
    where
        is_synchronous
        and minimum_agents > 0

),

parts as (

    select
        interval_start_at,
        client,
        site,
        queue,
        channel,
        offered_count,
        service_level_base_count,
        answered_in_target_count,
        cast(0 as decimal(18, 6)) as work_seconds,
        case when work_seconds is null then offered_count else 0 end as unplanned_offered_count
    from arrived
    union all
    select
        interval_start_at,
        client,
        site,
        queue,
        channel,
        0 as offered_count,
        0 as service_level_base_count,
        0 as answered_in_target_count,
        work_seconds,
        0 as unplanned_offered_count
    from due
    union all
    select
        buckets.interval_start_at,
        opened.client,
        opened.site,
        opened.queue,
        opened.channel,
        0 as offered_count,
        0 as service_level_base_count,
        0 as answered_in_target_count,
        cast(0 as decimal(18, 6)) as work_seconds,
        0 as unplanned_offered_count
    from opened
    {{ lateral_buckets('opened.opens_at', 'opened.closes_at', 15, 'buckets', 'interval_start_at') }}

),

-- only intervals that are over: of a running one nobody knows yet who comes and who stays
summed as (

    select
        parts.interval_start_at,
        parts.client,
        parts.site,
        parts.queue,
        parts.channel,
        cast(sum(parts.offered_count) as bigint) as offered_count,
        cast(sum(parts.service_level_base_count) as bigint) as service_level_base_count,
        cast(sum(parts.answered_in_target_count) as bigint) as answered_in_target_count,
        cast(sum(parts.unplanned_offered_count) as bigint) as unplanned_offered_count,
        cast(coalesce(sum(parts.work_seconds), 0) as decimal(18, 6)) as work_seconds
    from parts
    cross join runs
    where parts.interval_start_at + interval '15' minute <= runs.as_of
    group by parts.interval_start_at, parts.client, parts.site, parts.queue, parts.channel

),

localised as (

    select
        summed.*,
        {{ utc_to_local('summed.interval_start_at', 'sites.zone') }} as interval_start_local_at
    from summed
    inner join sites
        on summed.site = sites.site

),

ruled as (

    select
        localised.interval_start_at,
        localised.interval_start_local_at,
        described.day,
        localised.client,
        localised.site,
        localised.queue,
        localised.channel,
        described.is_synchronous,
        localised.offered_count,
        localised.unplanned_offered_count,
        localised.service_level_base_count,
        localised.answered_in_target_count,
        described.handle_time_basis,
        described.handle_seconds,
        described.agent_seconds,
        localised.work_seconds,
        described.concurrent_contacts,
        described.service_level_seconds,
        described.service_level_target,
        described.occupancy_target,
        described.maximum_occupancy,
        described.minimum_agents,
        described.shrinkage
    from localised
    inner join described
        on
            cast(localised.interval_start_local_at as date) = described.day
            and localised.client = described.client
            and localised.site = described.site
            and localised.queue = described.queue
            and localised.channel = described.channel

),

-- all live contacts of the site as one, and who is there for them
pooled as (

    select
        ruled.*,
        cast(
            sum(case when ruled.is_synchronous then ruled.work_seconds else 0 end) over site_intervals
            as decimal(18, 6)
        ) as live_work_seconds,
        cast(
            sum(
                case
                    when ruled.is_synchronous then ruled.offered_count - ruled.unplanned_offered_count
                    else 0
                end
            ) over site_intervals
            as bigint
        ) as live_offered_count,
        cast(
            coalesce(staffed.staffed_seen_seconds + staffed.staffed_scheduled_seconds, 0)
            as decimal(18, 3)
        ) as staffed_seconds
    from ruled
    left join staffed
        on
            ruled.interval_start_at = staffed.interval_start_at
            and ruled.site = staffed.site
    window site_intervals as (partition by ruled.interval_start_at, ruled.site)

)

select * from pooled
