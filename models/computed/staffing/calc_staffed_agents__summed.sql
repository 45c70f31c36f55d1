with

intervals as (

    select * from {{ ref('agg_agent_intervals') }}

),

agent_days as (

    select * from {{ ref('agg_agents_daily') }}

),

-- an id starts with its platform: one that told of anybody that day would have told of this agent too
telling as (

    select distinct
        split_part(agent_id, ':', 1) as platform,
        day
    from agent_days
    where has_states

),

told as (

    select
        intervals.interval_start_at,
        intervals.day,
        intervals.site,
        intervals.productive_seconds,
        intervals.scheduled_productive_seconds,
        telling.platform is not null as is_told
    from intervals
    left join telling
        on
            split_part(intervals.agent_id, ':', 1) = telling.platform
            and intervals.day = telling.day

),

summed as (

    select
        interval_start_at,
        min(day) as day,
        site,
        cast(coalesce(sum(productive_seconds) filter (where is_told), 0) as decimal(18, 3))
            as staffed_seen_seconds,
        cast(coalesce(sum(scheduled_productive_seconds) filter (where not is_told), 0) as decimal(18, 3))
            as staffed_scheduled_seconds
    from told
    group by interval_start_at, site

)

select * from summed
where staffed_seen_seconds + staffed_scheduled_seconds > 0
