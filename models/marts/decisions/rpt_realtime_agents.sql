with

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

-- nobody is in one state for a month: further back there is nothing to sort
stretches as (

    select * from {{ ref('int_agent_time__swept') }}
    where
        doing is not null
        and ended_at > (select runs.as_of - interval '31' day from runs)

),

states as (

    select * from {{ ref('fct_agent_states') }}

),

agents as (

    select * from {{ ref('dim_agent') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

-- how far each platform's own word reaches: a state that runs on is only believed on a day of which it told
heard as (

    select
        platform,
        max(updated_at) as updated_at
    from states
    group by platform

),

telling as (

    select distinct
        agent_id,
        platform
    from states

),

compared as (

    select
        *,
        coalesce(
            doing = lag(doing) over agent_stretches and started_at = lag(ended_at) over agent_stretches,
            false
        ) as is_continued
    from stretches
    window agent_stretches as (partition by agent_id order by started_at nulls last)

),

latest as (

    select
        agent_id,
        max_by(doing, started_at) as state,
        max(started_at) filter (where not is_continued) as state_since_at,
        max(ended_at) as told_until_at
    from compared
    group by agent_id

),

standing as (

    select
        agents.site,
        coalesce(agents.team, 'no_team') as team,
        latest.state,
        {{ seconds_between('latest.state_since_at', 'runs.as_of') }} as state_seconds,
        runs.as_of
    from latest
    cross join runs
    inner join agents
        on latest.agent_id = agents.agent_id
    inner join sites
        on agents.site = sites.site
    inner join telling
        on latest.agent_id = telling.agent_id
    inner join heard
        on telling.platform = heard.platform
    where
        latest.told_until_at = runs.as_of
        and cast({{ utc_to_local('heard.updated_at', 'sites.zone') }} as date)
        >= cast({{ utc_to_local('runs.as_of', 'sites.zone') }} as date)

),

counted as (

    select
        site,
        team,
        state,
        count(*) as agents_count,
        max(state_seconds) as longest_seconds,
        as_of
    from standing
    group by site, team, state, as_of

)

select * from counted
