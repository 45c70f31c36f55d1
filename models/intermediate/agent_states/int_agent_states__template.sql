{{ tracked(['agent_id', 'started_at'], by={'stg_template__agent_states': ['agent_id', 'started_at']}) }}
with

states as (

    select * from {{ ref('stg_template__agent_states') }}
    where
        record_status = 'current'
        and {{ only_touched(['agent_id', 'started_at']) }}

),

contracted as (

    select
        agent_id,
        'template' as platform,
        state as native_state,
        started_at,
        ended_at,
        contact_id,
        updated_at,
        source_file,
        source_row
    from states

)

select * from contracted
