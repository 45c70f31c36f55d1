{{ config(meta={'live': 'later'}) }}
-- the same time, sliced by the quarter hour and by the day
with

intervals as (

    select
        day,
        agent_id,
        sum(on_contact_seconds) as on_contact_seconds,
        sum(productive_seconds) as productive_seconds,
        sum(paid_seconds) as paid_seconds,
        sum(adherent_seconds) as adherent_seconds
    from {{ ref('agg_agent_intervals') }}
    group by day, agent_id

),

days as (

    select * from {{ ref('agg_agents_daily') }}

)

select
    coalesce(days.day, intervals.day) as day,
    coalesce(days.agent_id, intervals.agent_id) as agent_id
from days
full outer join intervals
    on
        days.day = intervals.day
        and days.agent_id = intervals.agent_id
where
    coalesce(days.on_contact_seconds, 0) <> coalesce(intervals.on_contact_seconds, 0)
    or coalesce(days.productive_seconds, 0) <> coalesce(intervals.productive_seconds, 0)
    or coalesce(days.paid_seconds, 0) <> coalesce(intervals.paid_seconds, 0)
    or coalesce(days.adherent_seconds, 0) <> coalesce(intervals.adherent_seconds, 0)
