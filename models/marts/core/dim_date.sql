{{ tracked_whole('day') }}
with

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

spine as (

    {{ dbt.date_spine(
        datepart='day',
        start_date="cast('1995-01-01' as date)",
        end_date="cast('2050-01-01' as date)",
    ) }}

),

days as (

    select cast(date_day as date) as day
    from spine

),

dates as (

    select
        days.day,
        cast({{ dbt.date_trunc('week', 'days.day') }} as date) as week_start_date,
        {{ month_of('days.day') }} as month_start_date,
        cast({{ dbt.date_trunc('quarter', 'days.day') }} as date) as quarter_start_date,
        cast(extract(year from days.day) as integer) as year,
        cast(extract(month from days.day) as integer) as month,
        {{ iso_weekday('days.day') }} as iso_weekday,
        {{ iso_weekday('days.day') }} >= 6 as is_weekend,
        last_day(days.day) < cast(runs.as_of as date) as is_month_over
    from days
    cross join runs

)

select * from dates
