{{ tracked('day', by={'fct_survey_responses': 'reported_date'}) }}
with

responses as (

    select * from {{ ref('fct_survey_responses') }}
    where
        is_in_scope
        and {{ only_touched('reported_date') }}

),

counted as (

    select
        reported_date as day,
        client,
        site,
        queue,
        channel,
        contact_type,
        instrument,
        count(*) as sent_count,
        count(*) filter (where is_answered) as answered_count,
        count(*) filter (where is_top_box) as top_box_count,
        count(*) filter (where is_promoter) as promoters_count,
        count(*) filter (where is_detractor) as detractors_count,
        cast(coalesce(sum(percent_score), 0) as decimal(18, 6)) as percent_score,
        cast(coalesce(sum(seven_point_score), 0) as decimal(18, 6)) as seven_point_score,
        bool_and(is_final) as is_final
    from responses
    group by reported_date, client, site, queue, channel, contact_type, instrument

)

select * from counted
