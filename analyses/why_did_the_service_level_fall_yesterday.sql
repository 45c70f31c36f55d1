{#-
Why did the service level fall yesterday, against the same weekday a week before?

How to read it: one row per queue × channel × local hour, the worst first. contribution_points is what the row did to the centre's service level;
over all rows it adds up to total_points, the centre's whole change, which every row repeats. It is volume_points (more or fewer contacts where service is
better or worse than the centre's) plus service_points (the row's own service got better or worse). Of a row whose own service got worse, driver
names what grew the load most: volume, handle_time or staffing; empty where none did. The counts are of contacts offered; agent_hours_before and
agent_hours_now are all of the site, on contacts or available, as far as its platforms tell them.

What to change: day (an ISO date; default: the last day that is over at every site) and days_before (default 7).
-#}
with

intervals as (

    select * from {{ ref('agg_queue_intervals') }}

),

agent_intervals as (

    select * from {{ ref('agg_agent_intervals') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

finished as (

    select day
    from intervals
    group by day
    having bool_and(is_final)

),

asked as (

    select
        coalesce(cast(nullif('{{ var('day', '') }}', '') as date), max(day)) as day_now,
        {{ add_days(
            "coalesce(cast(nullif('" ~ var('day', '') ~ "', '') as date), max(day))",
            '-1 * ' ~ (var('days_before', 7) | int)
        ) }} as day_before
    from finished

),

by_hour as (

    select
        intervals.site,
        intervals.queue,
        intervals.channel,
        extract(hour from {{ utc_to_local('intervals.interval_start_at', 'sites.zone') }}) as local_hour,
        sum(case when intervals.day = asked.day_now then intervals.answered_in_target_count else 0 end)
            as met_now,
        sum(case when intervals.day = asked.day_before then intervals.answered_in_target_count else 0 end)
            as met_before,
        sum(
            case
                when intervals.day = asked.day_now
                    then intervals.offered_count - intervals.short_abandon_count
                else 0
            end
        ) as base_now,
        sum(
            case
                when intervals.day = asked.day_before
                    then intervals.offered_count - intervals.short_abandon_count
                else 0
            end
        ) as base_before,
        sum(case when intervals.day = asked.day_now then intervals.offered_count else 0 end)
            as now_count,
        sum(case when intervals.day = asked.day_before then intervals.offered_count else 0 end)
            as before_count,
        sum(case when intervals.day = asked.day_now then intervals.handle_seconds end)
            as worked_now_seconds,
        sum(case when intervals.day = asked.day_before then intervals.handle_seconds end)
            as worked_before_seconds,
        sum(case when intervals.day = asked.day_now then intervals.talk_measured_count end)
            as measured_now,
        sum(case when intervals.day = asked.day_before then intervals.talk_measured_count end)
            as measured_before
    from intervals
    cross join asked
    inner join sites
        on intervals.site = sites.site
    where intervals.day in (asked.day_now, asked.day_before)
    group by
        intervals.site,
        intervals.queue,
        intervals.channel,
        extract(hour from {{ utc_to_local('intervals.interval_start_at', 'sites.zone') }})

),

staffed as (

    select
        agent_intervals.site,
        extract(hour from {{ utc_to_local('agent_intervals.interval_start_at', 'sites.zone') }})
            as local_hour,
        sum(case when agent_intervals.day = asked.day_now then agent_intervals.productive_seconds else 0 end)
            as staffed_now_seconds,
        sum(
            case
                when agent_intervals.day = asked.day_before then agent_intervals.productive_seconds
                else 0
            end
        ) as staffed_before_seconds
    from agent_intervals
    cross join asked
    inner join sites
        on agent_intervals.site = sites.site
    where agent_intervals.day in (asked.day_now, asked.day_before)
    group by
        agent_intervals.site,
        extract(hour from {{ utc_to_local('agent_intervals.interval_start_at', 'sites.zone') }})

),

totals as (

    select
        {{ ratio('sum(met_now)', 'sum(base_now)') }} as level_now,
        {{ ratio('sum(met_before)', 'sum(base_before)') }} as level_before,
        sum(base_now) as base_now,
        sum(base_before) as base_before
    from by_hour

),

compared as (

    select
        by_hour.site,
        by_hour.queue,
        by_hour.channel,
        by_hour.local_hour,
        by_hour.before_count,
        by_hour.now_count,
        {{ ratio('by_hour.worked_before_seconds', 'by_hour.measured_before') }} as before_handle_seconds,
        {{ ratio('by_hour.worked_now_seconds', 'by_hour.measured_now') }} as now_handle_seconds,
        cast(staffed.staffed_before_seconds as double) / 3600 as agent_hours_before,
        cast(staffed.staffed_now_seconds as double) / 3600 as agent_hours_now,
        {{ ratio('by_hour.met_before', 'by_hour.base_before') }} as before_level,
        {{ ratio('by_hour.met_now', 'by_hour.base_now') }} as now_level,
        {{ ratio('by_hour.base_before', 'totals.base_before') }} as before_share,
        {{ ratio('by_hour.base_now', 'totals.base_now') }} as now_share,
        totals.level_before as total_before,
        totals.level_now - totals.level_before as total_points
    from by_hour
    cross join totals
    left join staffed
        on
            by_hour.site = staffed.site
            and by_hour.local_hour = staffed.local_hour

),

-- a row that one of the days lacks is compared with the whole centre of the day before
attributed as (

    select
        compared.*,
        (compared.now_share - compared.before_share)
        * (coalesce(compared.before_level, compared.total_before) - compared.total_before) as volume_points,
        compared.now_share
        * (
            coalesce(compared.now_level, compared.total_before)
            - coalesce(compared.before_level, compared.total_before)
        ) as service_points,
        ln(nullif(cast(compared.now_count as double), 0) / nullif(compared.before_count, 0))
            as volume_growth,
        ln(nullif(compared.now_handle_seconds, 0) / nullif(compared.before_handle_seconds, 0))
            as handle_time_growth,
        ln(nullif(compared.agent_hours_before, 0) / nullif(compared.agent_hours_now, 0))
            as staffing_shortfall
    from compared

),

answered as (

    select
        queue,
        channel,
        local_hour,
        before_count,
        now_count,
        before_handle_seconds,
        now_handle_seconds,
        agent_hours_before,
        agent_hours_now,
        before_level,
        now_level,
        volume_points,
        service_points,
        volume_points + service_points as contribution_points,
        total_points,
        case
            when service_points >= 0 then null
            when before_count = 0 then 'volume'
            when
                coalesce(staffing_shortfall, 0) > 0
                and staffing_shortfall >= coalesce(volume_growth, 0)
                and staffing_shortfall >= coalesce(handle_time_growth, 0) then 'staffing'
            when
                coalesce(volume_growth, 0) > 0
                and volume_growth >= coalesce(handle_time_growth, 0) then 'volume'
            when coalesce(handle_time_growth, 0) > 0 then 'handle_time'
        end as driver
    from attributed

)

select * from answered
order by
    contribution_points asc nulls last,
    queue asc nulls last,
    channel asc nulls last,
    local_hour asc nulls last
