with

shifts as (

    select * from {{ ref('stg_template__agent_shifts') }}
    where record_status = 'current'

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
