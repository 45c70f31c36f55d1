with

targets as (

    select * from {{ ref('targets') }}

),

contacts as (

    select * from {{ ref('agg_contacts_daily') }}

),

clients as (

    select * from {{ ref('dim_client') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

runs as (

    select cast(as_of as date) as as_of_date from {{ ref('int_runs__resolved') }}

),

-- every day that has any figure, past as_of where a site's day begins before UTC's; and as_of itself
figured as (
    {% for aggregate in [
        'agg_contacts_daily', 'agg_agents_daily', 'agg_costs_daily', 'agg_surveys_daily', 'agg_quality_daily'
    ] %}
    select
        min(day) as first_day,
        max(day) as last_day
    from {{ ref(aggregate) }}
    union all
    {%- endfor %}
    select
        min(period_start_date) as first_day,
        max(period_end_date) as last_day
    from {{ ref('fct_reported_totals') }}
    union all
    select
        as_of_date as first_day,
        as_of_date as last_day
    from runs

),

reach as (

    select
        min(first_day) as first_day,
        max(last_day) as last_day
    from figured

),

days as (

    select dates.day
    from dates
    inner join reach
        on dates.day between reach.first_day and reach.last_day

),

-- the whole centre and each client on every day, a queue's channel on the days that it had contacts
scopes as (

    select
        day,
        'all' as client,
        'all' as queue,
        'all' as channel
    from days
    union all
    select
        days.day,
        clients.client,
        'all' as queue,
        'all' as channel
    from days
    cross join clients
    union all
    select distinct
        day,
        client,
        queue,
        channel
    from contacts

),

found as (

    {{ rules_in_force('scopes', 'targets', 'kpi_id', 'target') }}

),

in_force as (

    select
        day,
        rule_name as kpi_id,
        client,
        queue,
        channel,
        rule_value as target,
        valid_from as in_force_since_date
    from found

)

select * from in_force
