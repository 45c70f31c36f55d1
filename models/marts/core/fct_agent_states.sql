{{ tracked(
    ['agent_id', 'started_at'],
    by={'int_agent_states__bounded': ['agent_id', 'started_at']},
    also=[
        'select agent_id, started_at from ' ~ ref('int_agent_states__bounded')
        ~ ' where agent_id in (select agent_id from ' ~ changes('dim_agent') ~ ')',
    ],
) }}
with

states as (

    select * from {{ ref('int_agent_states__bounded') }}
    where {{ only_touched(['agent_id', 'started_at']) }}

),

agents as (

    select * from {{ ref('dim_agent') }}

),

placed as (

    select
        states.agent_id,
        states.platform,
        agents.site,
        states.contact_id,
        states.state,
        states.kind,
        states.started_at,
        states.ended_at,
        states.counted_until_at,
        {{ seconds_between('states.started_at', 'states.counted_until_at') }} as state_seconds,
        states.is_running,
        states.updated_at,
        states.source_file,
        states.source_row
    from states
    inner join agents
        on states.agent_id = agents.agent_id

)

select * from placed
