-- the same cells, by the month and by the day; a site's day that begins before UTC's is not in the report yet
with

runs as (

    select cast(as_of as date) as as_of_date from {{ ref('int_runs__resolved') }}

),

reported as (

    select
        client,
        sum(days_met_count) as met_count,
        sum(days_with_data_count) as judged_count
    from {{ ref('rpt_sla_report') }}
    group by client

),

attained as (

    select
        values_of_days.client,
        sum(values_of_days.numerator) as met_count,
        sum(values_of_days.denominator) as judged_count
    from {{ ref('kpi_sla_attainment') }} as values_of_days
    cross join runs
    where values_of_days.day <= runs.as_of_date
    group by values_of_days.client

)

select
    coalesce(reported.client, attained.client) as client,
    reported.met_count as met_by_month_count,
    attained.met_count as met_by_day_count,
    reported.judged_count as judged_by_month_count,
    attained.judged_count as judged_by_day_count
from reported
full outer join attained
    on reported.client = attained.client
where
    coalesce(reported.met_count, 0) <> coalesce(attained.met_count, 0)
    or coalesce(reported.judged_count, 0) <> coalesce(attained.judged_count, 0)
