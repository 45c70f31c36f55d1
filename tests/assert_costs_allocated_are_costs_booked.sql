-- to the cent, per month and site
with

booked as (

    select
        month,
        coalesce(site, 'unmapped') as site,
        sum(reporting_amount) as amount
    from {{ ref('fct_operating_costs') }}
    group by month, coalesce(site, 'unmapped')

),

allocated as (

    select
        cast({{ dbt.date_trunc('month', 'day') }} as date) as month,
        site,
        sum(reporting_amount) as amount
    from {{ ref('agg_costs_daily') }}
    group by cast({{ dbt.date_trunc('month', 'day') }} as date), site

)

select
    coalesce(booked.month, allocated.month) as month,
    coalesce(booked.site, allocated.site) as site,
    booked.amount as booked_amount,
    allocated.amount as allocated_amount
from booked
full outer join allocated
    on
        booked.month = allocated.month
        and booked.site = allocated.site
where booked.amount is distinct from allocated.amount
