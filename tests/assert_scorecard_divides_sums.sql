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

-- reported days, and the weeks or the February that make up the 28 days
totals as (

    select totals.*
    from {{ ref('fct_reported_totals') }} as totals
    cross join periods
    where
        totals.is_counted
        and totals.period_start_date >= periods.period_start_date
        and totals.period_end_date <= periods.period_end_date
        and (
            totals.grain = 'day'
            or (
                totals.grain = 'week'
                and {{ iso_weekday('totals.period_start_date') }}
                = {{ iso_weekday('periods.period_start_date') }}
            )
            or (
                totals.grain = 'month'
                and totals.period_start_date = periods.period_start_date
                and totals.period_end_date = periods.period_end_date
            )
        )

),

parts as (

    select
        'service_level' as kpi_id,
        count(*) filter (where outcome = 'answered' and wait_seconds <= service_level_seconds) as numerator,
        count(*) filter (where is_offered and not is_short_abandon) as denominator
    from contacts
    union all
    select
        'service_level' as kpi_id,
        sum(answered_in_target_count) as numerator,
        sum(offered_count - short_abandon_count) as denominator
    from totals
    where
        answered_in_target_count is not null
        and offered_count is not null
    union all
    select
        'speed_of_answer' as kpi_id,
        sum(wait_seconds) as numerator,
        count(wait_seconds) as denominator
    from contacts
    where
        outcome = 'answered'
        and channel in ('voice', 'chat')
    union all
    select
        'speed_of_answer' as kpi_id,
        sum(answered_wait_seconds) as numerator,
        sum(answered_count) as denominator
    from totals
    where
        channel in ('voice', 'chat')
        and answered_wait_seconds is not null
        and answered_count is not null
    union all
    select
        'retelling_rate' as kpi_id,
        count(*) filter (where outcome = 'answered' and agents_count > 1) as numerator,
        count(*) filter (where outcome = 'answered') as denominator
    from contacts

),

recomputed as (

    select
        kpi_id,
        {{ ratio('sum(numerator)', 'sum(denominator)') }} as value
    from parts
    group by kpi_id

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
