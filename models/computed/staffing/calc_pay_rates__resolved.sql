with

costs as (

    select * from {{ ref('fct_operating_costs') }}
    where category = 'pay'

),

agent_days as (

    select * from {{ ref('agg_agents_daily') }}

),

booked as (

    select
        month,
        site,
        sum(reporting_amount) as pay_amount
    from costs
    group by month, site

),

paid as (

    select
        {{ month_of('day') }} as month,
        site,
        sum(paid_seconds) as paid_seconds
    from agent_days
    group by {{ month_of('day') }}, site

),

rated as (

    select
        paid.month,
        paid.site,
        booked.pay_amount,
        paid.paid_seconds,
        cast(3600 * booked.pay_amount as double) / nullif(cast(paid.paid_seconds as double), 0)
            as hourly_pay_amount
    from paid
    inner join booked
        on
            paid.month = booked.month
            and paid.site = booked.site
    where
        paid.paid_seconds > 0
        and booked.pay_amount > 0

),

-- pay is booked after the month: until then the last month that has it speaks for it
ranked as (

    select
        paid.month,
        paid.site,
        rated.month as pay_month,
        rated.hourly_pay_amount,
        row_number() over (partition by paid.month, paid.site order by rated.month desc nulls last)
            as preference
    from paid
    inner join rated
        on
            paid.site = rated.site
            and paid.month >= rated.month

),

resolved as (

    select
        month,
        site,
        pay_month,
        cast(hourly_pay_amount as decimal(18, 6)) as hourly_pay_amount
    from ranked
    where preference = 1

)

select * from resolved
