{{ tracked('evaluation_id', by={'stg_template__quality_evaluations': 'evaluation_id'}) }}
with

evaluations as (

    select * from {{ ref('stg_template__quality_evaluations') }}
    where
        record_status = 'current'
        and {{ only_touched('evaluation_id') }}

),

contracted as (

    select
        evaluation_id,
        'template' as platform,
        contact_id,
        agent_id,
        evaluated_at,
        category,
        item,
        points_earned,
        points_possible,
        is_not_applicable,
        is_automatic_fail,
        updated_at,
        source_file,
        source_row
    from evaluations

)

select * from contracted
