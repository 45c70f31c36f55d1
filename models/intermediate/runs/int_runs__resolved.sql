{{ tracked_whole('as_of') }}
with

runs as (

    select * from {{ source('vitals', 'runs') }}

),

contacts as (

    select * from {{ ref('int_contacts__unioned') }}

),

totals as (

    select * from {{ ref('int_reported_totals__unioned') }}

),

-- no wall clock: unless the run names an as_of, it is how far the data itself reaches: to its last
-- contact or, without any, to the end of the last period that a report sums up
resolved as (

    select
        coalesce(
            (select max(as_of) from runs),
            (select max(updated_at) from contacts),
            (select cast({{ add_days('max(period_end_date)', 1) }} as timestamp) from totals),
            timestamp '2000-01-01 00:00:00'
        ) as as_of

)

select * from resolved
