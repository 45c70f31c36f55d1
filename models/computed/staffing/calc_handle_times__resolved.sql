with

intervals as (

    select * from {{ ref('agg_queue_intervals') }}

),

rules as (

    select * from {{ ref('calc_staffing_rules__resolved') }}

),

daily as (

    select
        day,
        client,
        site,
        queue,
        channel,
        sum(worked_seconds) as worked_seconds,
        sum(worked_measured_count) as measured_count
    from intervals
    group by day, client, site, queue, channel

),

-- up to the day and not beyond: what comes later must not change what was needed
accumulated as (

    select
        rules.*,
        coalesce(daily.worked_seconds, 0) as day_seconds,
        coalesce(daily.measured_count, 0) as day_count,
        sum(coalesce(daily.worked_seconds, 0)) over so_far as so_far_seconds,
        sum(coalesce(daily.measured_count, 0)) over so_far as so_far_count
    from rules
    left join daily
        on
            rules.day = daily.day
            and rules.client = daily.client
            and rules.site = daily.site
            and rules.queue = daily.queue
            and rules.channel = daily.channel
    window
        so_far as (
            partition by rules.client, rules.site, rules.queue, rules.channel
            order by rules.day nulls last
            rows between unbounded preceding and current row
        )

),

based as (

    select
        *,
        case
            when day_count >= handle_time_sample_count and day_count > 0 then 'day'
            when so_far_count > 0 then 'so_far'
            when planned_handle_seconds is not null then 'planned'
            else 'unknown'
        end as handle_time_basis
    from accumulated

),

resolved as (

    select
        day,
        client,
        site,
        queue,
        channel,
        handle_time_basis,
        case handle_time_basis
            when 'day' then {{ ratio('day_seconds', 'day_count') }}
            when 'so_far' then {{ ratio('so_far_seconds', 'so_far_count') }}
            when 'planned' then cast(planned_handle_seconds as double)
        end as handle_seconds
    from based

)

select * from resolved
