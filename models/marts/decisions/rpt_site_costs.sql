with

costs as (

    select
        month,
        coalesce(site, 'unmapped') as site,
        category,
        reporting_amount
    from {{ ref('fct_operating_costs') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

kpis as (
    {%- set kpis = [
        ('cost_per_contact', 'handled'),
        ('first_contact_resolution', 'fcr'),
        ('csat', 'csat'),
    ] %}
    {% for kpi_id, kpi in kpis %}
    select
        '{{ kpi }}' as kpi,
        day,
        site,
        numerator,
        denominator,
        is_final
    from {{ ref('kpi_' ~ kpi_id) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

categories as (

    select
        month,
        site,
        cast(sum(case when category = 'pay' then reporting_amount end) as decimal(18, 6))
            as pay_amount,
        cast(sum(case when category = 'licences' then reporting_amount end) as decimal(18, 6))
            as licences_amount,
        cast(sum(case when category = 'premises' then reporting_amount end) as decimal(18, 6))
            as premises_amount,
        cast(sum(case when category = 'telecom' then reporting_amount end) as decimal(18, 6))
            as telecom_amount,
        cast(sum(
            case when category in ('pay', 'licences', 'premises', 'telecom') then 0 else reporting_amount end
        ) as decimal(18, 6)) as other_amount,
        cast(sum(reporting_amount) as decimal(18, 6)) as reporting_amount
    from costs
    group by month, site

),

monthly as (

    select
        {{ month_of('day') }} as month,
        site,
        sum(case when kpi = 'handled' then denominator end) as handled_count,
        sum(case when kpi = 'fcr' then numerator end) as fcr_numerator,
        sum(case when kpi = 'fcr' then denominator end) as fcr_denominator,
        sum(case when kpi = 'csat' then numerator end) as csat_numerator,
        sum(case when kpi = 'csat' then denominator end) as csat_denominator,
        bool_and(is_final) as is_final
    from kpis
    group by {{ month_of('day') }}, site

),

-- a site has a row in every month in which it cost or handled anything
members as (

    select
        month,
        site
    from categories
    union
    select
        month,
        site
    from monthly

),

-- divided once, here
divided as (

    select
        members.month,
        members.site,
        sites.name as site_name,
        sites.country,
        coalesce(sites.sourcing, 'unknown') as sourcing,
        coalesce(categories.pay_amount, 0) as pay_amount,
        coalesce(categories.licences_amount, 0) as licences_amount,
        coalesce(categories.premises_amount, 0) as premises_amount,
        coalesce(categories.telecom_amount, 0) as telecom_amount,
        coalesce(categories.other_amount, 0) as other_amount,
        coalesce(categories.reporting_amount, 0) as reporting_amount,
        cast(coalesce(monthly.handled_count, 0) as bigint) as handled_count,
        {{ ratio('coalesce(categories.reporting_amount, 0)', 'monthly.handled_count') }} as cost_per_contact,
        cast(coalesce(monthly.fcr_numerator, 0) as bigint) as fcr_numerator,
        cast(coalesce(monthly.fcr_denominator, 0) as bigint) as fcr_denominator,
        {{ ratio('monthly.fcr_numerator', 'monthly.fcr_denominator') }} as fcr,
        cast(coalesce(monthly.csat_numerator, 0) as bigint) as csat_numerator,
        cast(coalesce(monthly.csat_denominator, 0) as bigint) as csat_denominator,
        {{ ratio('monthly.csat_numerator', 'monthly.csat_denominator') }} as csat,
        coalesce(dates.is_month_over, false) and coalesce(monthly.is_final, true) as is_final
    from members
    left join categories
        on
            members.month = categories.month
            and members.site = categories.site
    left join monthly
        on
            members.month = monthly.month
            and members.site = monthly.site
    left join sites
        on members.site = sites.site
    left join dates
        on members.month = dates.day

)

select * from divided
