{%- set measures = ['scheduled_count', 'done_count'] -%}
{{ tracked(
    ['agent_id', 'utc_date'],
    also=[changed_days('int_agent_shifts__bounded'), changed_days('int_agent_states__bounded')],
) }}
with

shifts as (

    select * from {{ ref('int_agent_shifts__bounded') }}
    where is_scheduled

),

states as (

    select * from {{ ref('int_agent_states__bounded') }}

),

-- the schedule and what meets it under one name: available and on a contact both meet taking contacts
spans as (

    select
        agent_id,
        case when is_productive then 'productive' else activity end as activity,
        started_at,
        counted_until_at as ended_at,
        1 as scheduled_count,
        0 as done_count
    from shifts
    union all
    select
        agent_id,
        case when kind in ('available', 'on_contact') then 'productive' else state end as activity,
        started_at,
        counted_until_at as ended_at,
        0 as scheduled_count,
        1 as done_count
    from states

),

days as (

    {{ cut_by_day('spans', ['activity'] + measures) }}

),

stretches as (

    {{ swept('days', ['agent_id', 'utc_date', 'activity'], measures) }}

),

adhered as (

    select
        agent_id,
        utc_date,
        activity,
        started_at,
        ended_at
    from stretches
    where
        scheduled_count > 0
        and done_count > 0

)

select * from adhered
