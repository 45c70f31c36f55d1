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

-- every day that has any figure
figured as (
    {% for aggregate in [
        'agg_contacts_daily', 'agg_agents_daily', 'agg_costs_daily', 'agg_surveys_daily', 'agg_quality_daily'
    ] %}
    select
        min(day) as first_day,
        max(day) as last_day
    from {{ ref(aggregate) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- to as_of even where nothing came on the last days, and past it where a site's day begins before UTC's
reach as (

    select
        least(coalesce(min(figured.first_day), max(runs.as_of_date)), max(runs.as_of_date)) as first_day,
        greatest(coalesce(max(figured.last_day), max(runs.as_of_date)), max(runs.as_of_date)) as last_day
    from figured
    cross join runs

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

candidates as (

    select
        scopes.day,
        targets.kpi_id,
        scopes.client,
        scopes.queue,
        scopes.channel,
        targets.target,
        targets.valid_from,
        row_number() over (
            partition by scopes.day, scopes.client, scopes.queue, scopes.channel, targets.kpi_id
            order by
                case when targets.queue is null then 0 else 4 end
                + case when targets.client is null then 0 else 2 end
                + case when targets.channel is null then 0 else 1 end desc nulls last,
                targets.valid_from desc nulls last
        ) as preference
    from scopes
    inner join targets
        on
            (targets.queue is null or scopes.queue = targets.queue)
            and (targets.client is null or scopes.client = targets.client)
            and (targets.channel is null or scopes.channel = targets.channel)
            and scopes.day >= targets.valid_from
            and (targets.valid_to is null or scopes.day < targets.valid_to)

),

in_force as (

    select
        day,
        kpi_id,
        client,
        queue,
        channel,
        target,
        valid_from as in_force_since_date
    from candidates
    where preference = 1

)

select * from in_force
