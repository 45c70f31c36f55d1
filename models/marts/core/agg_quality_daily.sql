{{ tracked('day', by={'fct_quality_evaluations': 'reported_date'}) }}
with

evaluations as (

    select * from {{ ref('fct_quality_evaluations') }}
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
        count(distinct evaluation_id) as forms_count,
        count(distinct case when is_form_failed then evaluation_id end) as failed_forms_count,
        cast(sum(counted_points_earned) as decimal(18, 3)) as points_earned,
        cast(sum(counted_points_possible) as decimal(18, 3)) as points_possible,
        count(*) filter (where is_script and not is_not_applicable) as script_items_assessed_count,
        count(*) filter (where is_script and is_met) as script_items_met_count,
        bool_and(is_final) as is_final
    from evaluations
    group by reported_date, client, site, queue, channel, contact_type

)

select * from counted
