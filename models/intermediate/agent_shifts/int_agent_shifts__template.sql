{{ tracked(['agent_id', 'started_at'], by={'stg_template__agent_shifts': ['agent_id', 'started_at']}) }}
with

shifts as (

    select * from {{ ref('stg_template__agent_shifts') }}
    where
        record_status = 'current'
        and {{ only_touched(['agent_id', 'started_at']) }}

),

contracted as (

    select
        agent_id,
        'template' as platform,
        activity as native_activity,
        started_at,
        ended_at,
        is_paid,
        updated_at,
        source_file,
        source_row
    from shifts

)

select * from contracted
