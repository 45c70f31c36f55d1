{{ tracked_whole('as_of') }}
with

runs as (

    select * from {{ source('vitals', 'runs') }}

),

contacts as (

    select * from {{ ref('int_contacts__unioned') }}

),

-- no wall clock: unless the run names an as_of, it is how far the data itself reaches
resolved as (

    select
        coalesce(
            (select max(as_of) from runs),
            (select max(updated_at) from contacts),
            timestamp '2000-01-01 00:00:00'
        ) as as_of

)

select * from resolved
