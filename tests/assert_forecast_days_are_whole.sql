-- 28 days a queue, each with all its intervals and without a gap, which add up to the day
with

days as (

    select
        client,
        site,
        queue,
        channel,
        day,
        count(*) as intervals_count,
        {{ seconds_between('min(interval_start_at)', 'max(interval_start_at)') }} as spanned_seconds,
        sum(expected_count) as expected_count,
        max(day_expected_count) as day_expected_count
    from {{ ref('rpt_volume_forecast') }}
    group by client, site, queue, channel, day

),

counted as (

    select
        *,
        count(*) over (partition by client, site, queue, channel) as days_count
    from days

)

select * from counted
where
    days_count <> 28
    or intervals_count not between 92 and 100
    or spanned_seconds <> (intervals_count - 1) * 900
    or abs(expected_count - day_expected_count) > 0.001
