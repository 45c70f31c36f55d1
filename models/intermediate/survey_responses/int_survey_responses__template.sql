{{ tracked('response_id', by={'stg_template__survey_responses': 'response_id'}) }}
with

responses as (

    select * from {{ ref('stg_template__survey_responses') }}
    where
        record_status = 'current'
        and {{ only_touched('response_id') }}

),

contracted as (

    select
        response_id,
        'template' as platform,
        contact_id,
        customer_key,
        agent_id,
        instrument,
        score,
        scale_min,
        scale_max,
        coalesce(sent_at, responded_at) as sent_at,
        -- an answer without a time of its own came, as far as we know, when the survey was sent
        case when score is not null then coalesce(responded_at, sent_at) end as responded_at,
        updated_at,
        source_file,
        source_row
    from responses

)

select * from contracted
