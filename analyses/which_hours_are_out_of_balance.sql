{#-
Which hours are out of balance: work without agents, or agents without work?

How to read it: one row per site × weekday (Monday 1) × local hour, the tightest first, over the weeks together. work_hours is the time that agents were on contacts,
agent_hours that and the time they were available; load_rate is one over the other, as in the KPI occupancy. An hour far above its site_load_rate lacks agents that
an hour far below it has to spare: spare_hours is how many agent hours it has more (negative: fewer) than it would if the site spread its agents as
its work is spread, and adds up to nothing over a site. Only agents whose platform tells their states; offered_count and service_level are all contacts of the site.

What to change: weeks (default 4) back from the last finished day.
-#}
with

intervals as (

    select * from {{ ref('agg_queue_intervals') }}
    where is_final

),

agent_intervals as (

    select * from {{ ref('agg_agent_intervals') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

asked as (

    select
        {{ add_days('max(day)', 1 - 7 * var('weeks', 4) | int) }} as first_day,
        max(day) as last_day
    from intervals

),

offered as (

    select
        intervals.site,
        {{ iso_weekday('intervals.day') }} as weekday,
        extract(hour from {{ utc_to_local('intervals.interval_start_at', 'sites.zone') }}) as local_hour,
        sum(intervals.offered_count) as offered_count,
        {{ ratio(
            'sum(intervals.answered_in_target_count)',
            'sum(intervals.offered_count - intervals.short_abandon_count)'
        ) }} as service_level
    from intervals
    cross join asked
    inner join sites
        on intervals.site = sites.site
    where intervals.day between asked.first_day and asked.last_day
    group by
        intervals.site,
        {{ iso_weekday('intervals.day') }},
        extract(hour from {{ utc_to_local('intervals.interval_start_at', 'sites.zone') }})

),

staffed as (

    select
        agent_intervals.site,
        {{ iso_weekday('agent_intervals.day') }} as weekday,
        extract(hour from {{ utc_to_local('agent_intervals.interval_start_at', 'sites.zone') }})
            as local_hour,
        cast(sum(agent_intervals.on_contact_seconds) as double) / 3600 as work_hours,
        cast(sum(agent_intervals.productive_seconds) as double) / 3600 as agent_hours
    from agent_intervals
    cross join asked
    inner join sites
        on agent_intervals.site = sites.site
    where agent_intervals.day between asked.first_day and asked.last_day
    group by
        agent_intervals.site,
        {{ iso_weekday('agent_intervals.day') }},
        extract(hour from {{ utc_to_local('agent_intervals.interval_start_at', 'sites.zone') }})

),

by_site as (

    select
        site,
        sum(work_hours) as work_hours,
        sum(agent_hours) as agent_hours
    from staffed
    group by site

),

answered as (

    select
        staffed.site,
        staffed.weekday,
        staffed.local_hour,
        staffed.work_hours,
        staffed.agent_hours,
        {{ ratio('staffed.work_hours', 'staffed.agent_hours') }} as load_rate,
        {{ ratio('by_site.work_hours', 'by_site.agent_hours') }} as site_load_rate,
        staffed.agent_hours - staffed.work_hours * {{ ratio('by_site.agent_hours', 'by_site.work_hours') }}
            as spare_hours,
        coalesce(offered.offered_count, 0) as offered_count,
        offered.service_level
    from staffed
    inner join by_site
        on staffed.site = by_site.site
    left join offered
        on
            staffed.site = offered.site
            and staffed.weekday = offered.weekday
            and staffed.local_hour = offered.local_hour
    where staffed.agent_hours > 0

)

select * from answered
order by spare_hours asc nulls last, site asc nulls last, weekday asc nulls last, local_hour asc nulls last
