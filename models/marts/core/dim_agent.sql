{{ tracked_whole('agent_id') }}
with

agents as (

    select * from {{ ref('int_agents__unioned') }}

),

seen as (

    select agent_id from {{ ref('int_contact_legs__unioned') }}
    union all
    select first_agent_id as agent_id from {{ ref('int_contacts__unioned') }}
    union all
    select agent_id from {{ ref('int_agent_states__unioned') }}
    union all
    select agent_id from {{ ref('int_agent_shifts__unioned') }}

),

rostered as (

    select
        agent_id,
        name,
        team,
        supervisor,
        coalesce(site, 'unmapped') as site,
        true as is_on_roster
    from agents

),

-- an agent who worked without being on any roster is shown, not dropped
met as (

    select distinct seen.agent_id
    from seen
    left join rostered
        on seen.agent_id = rostered.agent_id
    where
        seen.agent_id is not null
        and rostered.agent_id is null

),

unioned as (

    select * from rostered
    union all
    select
        agent_id,
        cast(null as {{ dbt.type_string() }}) as name,
        cast(null as {{ dbt.type_string() }}) as team,
        cast(null as {{ dbt.type_string() }}) as supervisor,
        'unmapped' as site,
        false as is_on_roster
    from met

)

select * from unioned
