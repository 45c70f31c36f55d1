with

intervals as (

    select * from {{ ref('agg_queue_intervals') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

localised as (

    select
        intervals.client,
        intervals.site,
        intervals.queue,
        intervals.channel,
        intervals.day,
        intervals.offered_count,
        sites.zone,
        {{ utc_to_local('intervals.interval_start_at', 'sites.zone') }} as interval_start_local_at,
        intervals.day < cast({{ utc_to_local('runs.as_of', 'sites.zone') }} as date) as is_over
    from intervals
    inner join sites
        on intervals.site = sites.site
    cross join runs

),

-- days at the end on which the whole site is silent are exports that have not come, not days without contacts
ends as (

    select
        site,
        max(case when is_over then day end) as history_end_date
    from localised
    group by site

),

counted as (

    select
        localised.client,
        localised.site,
        localised.queue,
        localised.channel,
        localised.zone,
        localised.day,
        cast(
            extract(hour from localised.interval_start_local_at) * 4
            + floor(extract(minute from localised.interval_start_local_at) / 15.0)
            as integer
        ) as local_quarter,
        ends.history_end_date,
        cast(sum(localised.offered_count) as bigint) as offered_count
    from localised
    inner join ends
        on localised.site = ends.site
    group by all

)

select * from counted
