-- every contact up to the last interval that is over is in its site's staffing, once
with

offered as (

    select
        intervals.interval_start_at,
        intervals.site,
        sum(intervals.offered_count) as offered_count
    from {{ ref('agg_queue_intervals') }} as intervals
    where
        intervals.interval_start_at <= (
            select max(staffing.interval_start_at)
            from {{ ref('rpt_staffing_intervals') }} as staffing
        )
    group by intervals.interval_start_at, intervals.site

),

compared as (

    select
        coalesce(offered.interval_start_at, staffing.interval_start_at) as interval_start_at,
        coalesce(offered.site, staffing.site) as site,
        coalesce(offered.offered_count, 0) as offered_count,
        coalesce(staffing.offered_count, 0) as staffing_offered_count
    from offered
    full join {{ ref('rpt_staffing_intervals') }} as staffing
        on
            offered.interval_start_at = staffing.interval_start_at
            and offered.site = staffing.site

)

select * from compared
where offered_count <> staffing_offered_count
