-- the scorecard's 28 days straight from the contacts, by another way
with

scorecard as (

    select *
    from {{ ref('rpt_scorecard') }}
    where
        period = 'last_28_days'
        and client = 'all'

),

periods as (

    select distinct
        period_start_date,
        period_end_date
    from scorecard

),

contacts as (

    select contacts.*
    from {{ ref('fct_contacts') }} as contacts
    cross join periods
    where
        contacts.is_in_scope
        and contacts.arrived_date between periods.period_start_date and periods.period_end_date

),

recomputed as (

    select
        'service_level' as kpi_id,
        cast(count(*) filter (where outcome = 'answered' and wait_seconds <= service_level_seconds) as double)
        / nullif(count(*) filter (where is_offered and not is_short_abandon), 0) as value
    from contacts
    union all
    select
        'speed_of_answer' as kpi_id,
        cast(sum(wait_seconds) filter (where outcome = 'answered' and channel in ('voice', 'chat')) as double)
        / nullif(
            count(wait_seconds) filter (where outcome = 'answered' and channel in ('voice', 'chat')), 0
        ) as value
    from contacts
    union all
    select
        'retelling_rate' as kpi_id,
        cast(count(*) filter (where outcome = 'answered' and agents_count > 1) as double)
        / nullif(count(*) filter (where outcome = 'answered'), 0) as value
    from contacts

)

select
    recomputed.kpi_id,
    recomputed.value as recomputed_value,
    scorecard.value as scorecard_value
from recomputed
left join scorecard
    on recomputed.kpi_id = scorecard.kpi_id
where
    coalesce(
        abs(recomputed.value - scorecard.value) > 0.000000001,
        (recomputed.value is null) <> (scorecard.value is null)
    )
