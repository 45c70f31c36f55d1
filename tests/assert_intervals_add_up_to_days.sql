-- the same contacts, sliced by the quarter hour and by the day
with

intervals as (

    select
        day,
        client,
        site,
        queue,
        channel,
        sum(offered_count) as offered_count,
        sum(answered_wait_seconds) as answered_wait_seconds,
        sum(worked_seconds) as worked_seconds
    from {{ ref('agg_queue_intervals') }}
    group by day, client, site, queue, channel

),

days as (

    select
        day,
        client,
        site,
        queue,
        channel,
        sum(offered_count) as offered_count,
        sum(answered_wait_seconds) as answered_wait_seconds,
        sum(worked_seconds) as worked_seconds
    from {{ ref('agg_contacts_daily') }}
    where offered_count > 0
    group by day, client, site, queue, channel

)

select
    coalesce(days.day, intervals.day) as day,
    coalesce(days.queue, intervals.queue) as queue,
    coalesce(days.channel, intervals.channel) as channel,
    days.offered_count as offered_by_day_count,
    intervals.offered_count as offered_by_interval_count
from days
full outer join intervals
    on
        days.day = intervals.day
        and days.client = intervals.client
        and days.site = intervals.site
        and days.queue = intervals.queue
        and days.channel = intervals.channel
where
    days.offered_count is distinct from intervals.offered_count
    or days.answered_wait_seconds is distinct from intervals.answered_wait_seconds
    or days.worked_seconds is distinct from intervals.worked_seconds
