{#- A state without an end looks ahead to the agent's next ones, and no state is counted beyond as_of. -#}
{{ tracked(
    ['agent_id', 'started_at'],
    by={'int_agent_states__unioned': ['agent_id', 'started_at']},
    also=[
        'select agent_id, started_at from ' ~ this ~ ' where is_running and agent_id in ('
        ~ changed('agent_id', ['int_agent_states__unioned']) ~ ')',
        'select agent_id, started_at from ' ~ this
        ~ ' where counted_until_at >= (select min(as_of) from ' ~ changes('int_runs__resolved') ~ ')',
    ],
) }}
with

states as (

    select * from {{ ref('int_agent_states__unioned') }}
    where {{ only_touched_since('agent_id', 'started_at') }}

),

kinds as (

    select * from {{ ref('agent_states') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

classified as (

    select
        states.*,
        coalesce(kinds.kind, 'away') as kind,
        -- an agent is in one state without a contact at a time: the next one ends it, said or not
        lead(states.started_at) over (
            partition by states.agent_id, states.contact_id is null
            order by states.started_at nulls last, states.state nulls last
        ) as next_started_at,
        min(case when kinds.kind = 'offline' then states.started_at end) over (
            partition by states.agent_id
            order by
                states.started_at nulls last,
                case when kinds.kind = 'offline' then 1 else 0 end nulls last
            rows between 1 following and unbounded following
        ) as next_offline_at
    from states
    left join kinds
        on states.state = kinds.state

),

bounded as (

    select
        classified.*,
        classified.ended_at is null as is_running,
        greatest(
            classified.started_at,
            -- of an end that nobody knows and as_of, as_of is the least
            least(
                coalesce(
                    classified.ended_at,
                    case when classified.contact_id is null then classified.next_started_at end,
                    classified.next_offline_at
                ),
                runs.as_of
            )
        ) as counted_until_at
    from classified
    cross join runs

),

final as (

    select
        agent_id,
        platform,
        native_state,
        state,
        kind,
        contact_id,
        started_at,
        ended_at,
        counted_until_at,
        is_running,
        updated_at,
        source_file,
        source_row
    from bounded

)

select * from final
