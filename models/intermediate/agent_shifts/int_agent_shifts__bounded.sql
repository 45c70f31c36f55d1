{{ tracked(
    ['agent_id', 'started_at'],
    by={'int_agent_shifts__unioned': ['agent_id', 'started_at']},
    also=[
        'select agent_id, started_at from ' ~ this
        ~ ' where counted_until_at >= (select min(as_of) from ' ~ changes('int_runs__resolved') ~ ')',
    ],
) }}
with

shifts as (

    select * from {{ ref('int_agent_shifts__unioned') }}
    where {{ only_touched(['agent_id', 'started_at']) }}

),

activities as (

    select * from {{ ref('activities') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

bounded as (

    select
        shifts.agent_id,
        shifts.platform,
        shifts.native_activity,
        shifts.activity,
        shifts.started_at,
        shifts.ended_at,
        greatest(shifts.started_at, least(shifts.ended_at, runs.as_of)) as counted_until_at,
        shifts.is_paid,
        coalesce(activities.is_productive, false) as is_productive,
        -- nobody can keep to an absence, nor to an activity that no map knows
        activities.activity is not null and activities.activity <> 'absent' as is_scheduled,
        shifts.updated_at,
        shifts.source_file,
        shifts.source_row
    from shifts
    left join activities
        on shifts.activity = activities.activity
    cross join runs

)

select * from bounded
