{%- set seconds = [
    'on_contact_seconds',
    'on_contact_paid_seconds',
    'concurrent_handle_seconds',
    'available_seconds',
    'productive_seconds',
    'break_seconds',
    'training_seconds',
    'meeting_seconds',
    'other_away_seconds',
    'paid_seconds',
    'scheduled_seconds',
    'adherent_seconds',
    'scheduled_productive_seconds',
] -%}
{#- Agents whose site or zone may be another. -#}
{%- set is_moved = '(agent_id in (select agent_id from ' ~ changes('dim_agent')
    ~ ') or exists (select 1 from ' ~ changes('dim_site') ~ '))' -%}
{#- The moments that date a row, intervals apart. Of a contact with a changed leg all legs count. -#}
{%- set moments = [
    'select agent_id, answered_at as moment_at from ' ~ changes('fct_contact_legs'),
    'select agent_id, answered_at from ' ~ ref('fct_contact_legs')
    ~ ' where contact_id in (select contact_id from ' ~ changes('fct_contact_legs') ~ ') or ' ~ is_moved,
    'select agent_id, started_at from ' ~ changes('int_agent_gaps__found'),
    'select agent_id, started_at from ' ~ ref('int_agent_gaps__found') ~ ' where ' ~ is_moved,
] -%}
{%- set also = [
    'select agent_id, day from ' ~ this ~ ' where ' ~ is_moved ~ ' or ' ~ as_of_went_back()
    ~ ' or not is_final and exists (select 1 from ' ~ changes('int_runs__resolved') ~ ')',
] -%}
{#- A local day is the UTC one or its neighbour. -#}
{%- for days in (-1, 0, 1) -%}
{%- do also.append(
    'select agent_id, ' ~ add_days('cast(moment_at as date)', days) ~ ' from ('
    ~ moments | join(' union all ') ~ ') as moments'
) -%}
{%- endfor -%}
{%- set answered_then = 'select contact_id from ' ~ ref('fct_contact_legs') ~ ' where '
    ~ only_near_touched('agent_id', 'answered_at', 'answered_at', days=1) -%}
{{ tracked(['agent_id', 'day'], by={'agg_agent_intervals': ['agent_id', 'day']}, also=also) }}
with

intervals as (

    select * from {{ ref('agg_agent_intervals') }}
    where {{ only_touched(['agent_id', 'day']) }}

),

legs as (

    select * from {{ ref('fct_contact_legs') }}
    where
        is_in_scope
        and answered_at is not null
        and {{ only_touched('contact_id', among=answered_then) }}

),

gaps as (

    select * from {{ ref('int_agent_gaps__found') }}
    where {{ only_near_touched('agent_id', 'started_at', 'started_at', days=1) }}

),

agents as (

    select
        agents.agent_id,
        agents.site,
        sites.zone
    from {{ ref('dim_agent') }} as agents
    inner join {{ ref('dim_site') }} as sites
        on agents.site = sites.site

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

-- a contact counts once for each agent who took it, on the day on which the agent first answered it
handled as (

    select
        agent_id,
        contact_id,
        min(answered_at) as answered_at,
        sum(coalesce(talk_seconds, 0) + coalesce(hold_seconds, 0) + coalesce(acw_seconds, 0))
            as handle_seconds
    from legs
    group by agent_id, contact_id

),

-- a gap belongs to the day on which it began, whole
dated as (

    select
        intervals.day,
        intervals.agent_id,
        {%- for column in seconds %}
        intervals.{{ column }},
        {%- endfor %}
        0 as contacts_handled_count,
        0 as handle_seconds,
        0 as gaps_count,
        0 as gap_seconds,
        0 as open_gaps_count
    from intervals
    union all
    select
        cast({{ utc_to_local('handled.answered_at', 'agents.zone') }} as date) as day,
        handled.agent_id,
        {%- for column in seconds %}
        0 as {{ column }},
        {%- endfor %}
        1 as contacts_handled_count,
        handled.handle_seconds,
        0 as gaps_count,
        0 as gap_seconds,
        0 as open_gaps_count
    from handled
    inner join agents
        on handled.agent_id = agents.agent_id
    union all
    select
        cast({{ utc_to_local('gaps.started_at', 'agents.zone') }} as date) as day,
        gaps.agent_id,
        {%- for column in seconds %}
        0 as {{ column }},
        {%- endfor %}
        0 as contacts_handled_count,
        0 as handle_seconds,
        case when gaps.is_closed then 1 else 0 end as gaps_count,
        case when gaps.is_closed then gaps.gap_seconds else 0 end as gap_seconds,
        case when gaps.is_closed then 0 else 1 end as open_gaps_count
    from gaps
    inner join agents
        on gaps.agent_id = agents.agent_id

),

summed as (

    select
        day,
        agent_id,
        {%- for column in seconds + ['handle_seconds', 'gap_seconds'] %}
        cast(sum({{ column }}) as decimal(18, 3)) as {{ column }},
        {%- endfor %}
        cast(sum(contacts_handled_count) as bigint) as contacts_handled_count,
        cast(sum(gaps_count) as bigint) as gaps_count,
        cast(sum(open_gaps_count) as bigint) as open_gaps_count
    from dated
    where {{ only_touched(['agent_id', 'day']) }}
    group by day, agent_id

),

completed as (

    select
        summed.day,
        summed.agent_id,
        agents.site,
        {%- for column in seconds %}
        summed.{{ column }},
        {%- endfor %}
        summed.contacts_handled_count,
        summed.handle_seconds,
        summed.gaps_count,
        summed.gap_seconds,
        summed.open_gaps_count,
        summed.productive_seconds
        + summed.break_seconds
        + summed.training_seconds
        + summed.meeting_seconds
        + summed.other_away_seconds > 0 as has_states,
        summed.scheduled_seconds > 0 as has_schedule,
        summed.day < cast({{ utc_to_local('runs.as_of', 'agents.zone') }} as date) as is_final
    from summed
    inner join agents
        on summed.agent_id = agents.agent_id
    cross join runs

)

select * from completed
