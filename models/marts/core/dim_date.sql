with

spine as (

    {{ dbt.date_spine(
        datepart='day',
        start_date="cast('1995-01-01' as date)",
        end_date="cast('2050-01-01' as date)",
    ) }}

),

dates as (

    select
        cast(date_day as date) as day,
        cast({{ dbt.date_trunc('week', 'date_day') }} as date) as week_start_date,
        cast({{ dbt.date_trunc('month', 'date_day') }} as date) as month_start_date,
        cast({{ dbt.date_trunc('quarter', 'date_day') }} as date) as quarter_start_date,
        cast(extract(year from date_day) as integer) as year,
        cast(extract(month from date_day) as integer) as month,
        {{ iso_weekday('cast(date_day as date)') }} as iso_weekday,
        {{ iso_weekday('cast(date_day as date)') }} >= 6 as is_weekend
    from spine

)

select * from dates
