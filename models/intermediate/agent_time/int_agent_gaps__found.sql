{#- Of each agent what changed first: a day, a gap that as_of cuts, or time available that ends there now. -#}
{%- set changed -%}
    select agent_id, min(changed_at) as changed_at
    from (
        select agent_id, cast(utc_date as timestamp) as changed_at from {{ changes('int_agent_time__swept') }}
        union all
        select agent_id, started_at from {{ this }}
        where ended_at >= (select min(as_of) from {{ changes('int_runs__resolved') }})
        union all
        select agent_id, started_at from {{ ref('int_agent_time__swept') }}
        where ended_at in (select as_of from {{ changes('int_runs__resolved') }})
    ) as moments
    group by agent_id
{%- endset -%}
{#- Whatever began before the last contact that stands as it was is as it was. -#}
{%- set since -%}
    select changed.agent_id, coalesce(max(stretches.started_at), timestamp '1970-01-01 00:00:00') as since
    from ({{ changed }}) as changed
    left join {{ ref('int_agent_time__swept') }} as stretches
        on
            changed.agent_id = stretches.agent_id
            and stretches.started_at < changed.changed_at
            and stretches.doing = 'on_contact'
    group by changed.agent_id
{%- endset -%}
{{ tracked(
    ['agent_id', 'started_at'],
    also=[
        since,
        'select gaps.agent_id, gaps.started_at from ' ~ this ~ ' as gaps inner join (' ~ since ~ ') as cuts'
        ~ ' on gaps.agent_id = cuts.agent_id and gaps.started_at >= cuts.since',
    ],
) }}
with

stretches as (

    select * from {{ ref('int_agent_time__swept') }}
    where {{ only_touched_since('agent_id', 'started_at') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

compared as (

    select
        *,
        lag(doing) over agents as previous_doing,
        lag(ended_at) over agents as previous_ended_at
    from stretches
    window agents as (partition by agent_id order by started_at nulls last)

),

-- neighbours that do the same are one: the end of a shift or a second chat interrupts nothing
numbered as (

    select
        *,
        sum(
            case when doing = previous_doing and started_at = previous_ended_at then 0 else 1 end
        ) over (
            partition by agent_id
            order by started_at nulls last
            rows between unbounded preceding and current row
        ) as island_number
    from compared

),

islands as (

    select
        agent_id,
        island_number,
        doing,
        min(started_at) as started_at,
        max(ended_at) as ended_at
    from numbered
    group by agent_id, island_number, doing

),

surrounded as (

    select
        *,
        lag(doing) over agents as previous_doing,
        lag(ended_at) over agents as previous_ended_at,
        lead(doing) over agents as next_doing,
        lead(started_at) over agents as next_started_at
    from islands
    window agents as (partition by agent_id order by island_number nulls last)

),

found as (

    select
        surrounded.agent_id,
        surrounded.started_at,
        surrounded.ended_at,
        {{ seconds_between('surrounded.started_at', 'surrounded.ended_at') }} as gap_seconds,
        surrounded.ended_at < runs.as_of as is_closed
    from surrounded
    cross join runs
    where
        surrounded.doing = 'available'
        and surrounded.previous_doing = 'on_contact'
        and surrounded.previous_ended_at = surrounded.started_at
        and (
            (surrounded.next_doing = 'on_contact' and surrounded.next_started_at = surrounded.ended_at)
            or surrounded.ended_at = runs.as_of
        )

)

select * from found
