with

agents as (

    select * from {{ ref('stg_template__agents') }}
    where record_status = 'current'

),

contracted as (

    select
        agent_id,
        'template' as platform,
        name,
        team,
        supervisor,
        site as native_site,
        updated_at,
        source_file,
        source_row
    from agents

)

select * from contracted
