{{ config(meta={'live': 'later'}) }}
-- the slices add up to the spans' union, by another way: of each span what no span before it reaches
with

spans as (

    select
        agent_id,
        'on_contact' as kind,
        started_at,
        counted_until_at as ended_at
    from {{ ref('fct_agent_states') }}
    where
        kind = 'on_contact'
        and started_at < counted_until_at
    union all
    select
        agent_id,
        'scheduled' as kind,
        started_at,
        counted_until_at as ended_at
    from {{ ref('int_agent_shifts__bounded') }}
    where
        is_scheduled
        and started_at < counted_until_at
    union all
    select
        agent_id,
        'seen' as kind,
        started_at,
        counted_until_at as ended_at
    from {{ ref('fct_agent_states') }}
    where
        kind <> 'offline'
        and started_at < counted_until_at

),

reached as (

    select
        *,
        max(ended_at) over (
            partition by agent_id, kind
            order by started_at nulls last, ended_at nulls last
            rows between unbounded preceding and 1 preceding
        ) as reached_at
    from spans

),

uncovered as (

    select
        agent_id,
        kind,
        ended_at,
        greatest(started_at, coalesce(reached_at, started_at)) as uncovered_from_at
    from reached

),

unions as (

    select
        agent_id,
        kind,
        sum({{ seconds_between('uncovered_from_at', 'ended_at') }}) as union_seconds
    from uncovered
    where uncovered_from_at < ended_at
    group by agent_id, kind

),

-- every span by itself, overlaps and all
sums as (

    select
        agent_id,
        'concurrent' as kind,
        sum(state_seconds) as union_seconds
    from {{ ref('fct_agent_states') }}
    where kind = 'on_contact'
    group by agent_id

),

sliced as (
    {% for kind, seconds in [
        ('on_contact', 'on_contact_seconds'),
        ('scheduled', 'scheduled_seconds'),
        ('concurrent', 'concurrent_handle_seconds'),
        (
            'seen',
            'productive_seconds + break_seconds + training_seconds + meeting_seconds + other_away_seconds',
        ),
    ] %}
    select
        agent_id,
        '{{ kind }}' as kind,
        sum({{ seconds }}) as sliced_seconds
    from {{ ref('agg_agent_intervals') }}
    group by agent_id
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

expected as (

    select * from unions
    union all
    select * from sums

)

select
    coalesce(expected.agent_id, sliced.agent_id) as agent_id,
    coalesce(expected.kind, sliced.kind) as kind,
    expected.union_seconds,
    sliced.sliced_seconds
from expected
full outer join sliced
    on
        expected.agent_id = sliced.agent_id
        and expected.kind = sliced.kind
where coalesce(expected.union_seconds, 0) <> coalesce(sliced.sliced_seconds, 0)
