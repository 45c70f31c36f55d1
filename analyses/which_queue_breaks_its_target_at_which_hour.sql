{#-
Which queue breaks its service-level target at which hour?

How to read it: one row per queue × channel × local hour of arrival, the hour that lacks most answers first. missing_answers is how many more contacts had to be
answered in time to meet the target, over all the days together; 0 where the target was met. An hour with few contacts (base_count) proves little.
target_level is the client's target as the scorecard has it today.

What to change: weeks (default 4) back from the last finished day.
-#}
with

intervals as (

    select * from {{ ref('agg_queue_intervals') }}
    where is_final

),

scorecard as (

    select * from {{ ref('rpt_scorecard') }}
    where
        kpi_id = 'service_level'
        and period = 'last_28_days'

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

localised as (

    select
        intervals.client,
        intervals.site,
        intervals.queue,
        intervals.channel,
        extract(hour from {{ utc_to_local('intervals.interval_start_at', 'sites.zone') }}) as local_hour,
        intervals.answered_in_target_count,
        intervals.offered_count - intervals.short_abandon_count as base_count
    from intervals
    cross join asked
    inner join sites
        on intervals.site = sites.site
    where intervals.day between asked.first_day and asked.last_day

),

by_hour as (

    select
        client,
        site,
        queue,
        channel,
        local_hour,
        sum(answered_in_target_count) as answered_in_target_count,
        sum(base_count) as base_count
    from localised
    group by client, site, queue, channel, local_hour

),

answered as (

    select
        by_hour.client,
        by_hour.site,
        by_hour.queue,
        by_hour.channel,
        by_hour.local_hour,
        by_hour.base_count,
        by_hour.answered_in_target_count,
        {{ ratio('by_hour.answered_in_target_count', 'by_hour.base_count') }} as service_level,
        scorecard.target as target_level,
        {{ ratio('by_hour.answered_in_target_count', 'by_hour.base_count') }} - scorecard.target
            as difference_points,
        greatest(
            0, cast(ceil(by_hour.base_count * scorecard.target - by_hour.answered_in_target_count) as bigint)
        ) as missing_answers,
        {{ ratio('by_hour.answered_in_target_count', 'by_hour.base_count') }} < scorecard.target as is_broken
    from by_hour
    left join scorecard
        on by_hour.client = scorecard.client

)

select * from answered
order by
    missing_answers desc nulls last,
    queue asc nulls last,
    channel asc nulls last,
    local_hour asc nulls last
