-- staffed as seen is the agents' productive time, to the second, and nobody is both seen and scheduled
with

agents as (

    select
        intervals.site,
        intervals.day,
        sum(intervals.productive_seconds) as productive_seconds,
        sum(greatest(intervals.productive_seconds, intervals.scheduled_productive_seconds)) as most_seconds
    from {{ ref('agg_agent_intervals') }} as intervals
    group by intervals.site, intervals.day

),

staffed as (

    select
        site,
        day,
        sum(staffed_seen_seconds) as seen_seconds,
        sum(staffed_seen_seconds + staffed_scheduled_seconds) as staffed_seconds
    from {{ ref('calc_staffed_agents__summed') }}
    group by site, day

),

compared as (

    select
        agents.site,
        agents.day,
        agents.productive_seconds,
        agents.most_seconds,
        coalesce(staffed.seen_seconds, 0) as seen_seconds,
        coalesce(staffed.staffed_seconds, 0) as staffed_seconds
    from agents
    left join staffed
        on
            agents.site = staffed.site
            and agents.day = staffed.day

)

select * from compared
where
    productive_seconds <> seen_seconds
    or staffed_seconds > most_seconds
