with

costs as (

    select * from {{ ref('agg_costs_daily') }}

),

contacts as (

    select * from {{ ref('agg_contacts_daily') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

-- a day's costs and its contacts meet in the sum, so that neither side is lost where the other has no row
unioned as (

    select
        day,
        client,
        site,
        queue,
        channel,
        contact_type,
        reporting_amount as amount,
        0 as handled_count
    from costs
    union all
    select
        day,
        client,
        site,
        queue,
        channel,
        contact_type,
        0 as amount,
        handled_count
    from contacts
    where handled_count > 0

),

summed as (

    select
        day,
        client,
        site,
        queue,
        channel,
        contact_type,
        cast(sum(amount) as decimal(28, 6)) as numerator,
        cast(sum(handled_count) as decimal(28, 6)) as denominator
    from unioned
    group by day, client, site, queue, channel, contact_type

),

measured as (

    select
        summed.*,
        coalesce(dates.is_month_over, false) as is_final
    from summed
    left join dates
        on summed.day = dates.day

)

{{ kpi_row('cost_per_contact', 'measured') }}
