with

stretches as (

    select * from {{ ref('int_agent_time__swept') }}

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
