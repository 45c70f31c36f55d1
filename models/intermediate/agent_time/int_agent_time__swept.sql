{%- set measures = [
    'on_contact_count',
    'available_count',
    'break_count',
    'training_count',
    'meeting_count',
    'away_count',
    'paid_count',
    'scheduled_count',
    'scheduled_productive_count',
    'adhered_count',
] -%}
{{ tracked(
    ['agent_id', 'utc_date'],
    by={'int_agent_time__adhered': ['agent_id', 'utc_date']},
    also=[changed_days('int_agent_shifts__bounded'), changed_days('int_agent_states__bounded')],
) }}
with

states as (

    select * from {{ ref('int_agent_states__bounded') }}
    where kind <> 'offline'

),

shifts as (

    select * from {{ ref('int_agent_shifts__bounded') }}
    where activity <> 'absent'

),

adhered as (

    select * from {{ ref('int_agent_time__adhered') }}

),

spans as (

    select
        agent_id,
        started_at,
        counted_until_at as ended_at,
        case when kind = 'on_contact' then 1 else 0 end as on_contact_count,
        case when kind = 'available' then 1 else 0 end as available_count,
        case when kind = 'away' and state = 'break' then 1 else 0 end as break_count,
        case when kind = 'away' and state = 'training' then 1 else 0 end as training_count,
        case when kind = 'away' and state = 'meeting' then 1 else 0 end as meeting_count,
        case when kind = 'away' then 1 else 0 end as away_count,
        0 as paid_count,
        0 as scheduled_count,
        0 as scheduled_productive_count,
        0 as adhered_count
    from states
    union all
    select
        agent_id,
        started_at,
        counted_until_at as ended_at,
        0 as on_contact_count,
        0 as available_count,
        0 as break_count,
        0 as training_count,
        0 as meeting_count,
        0 as away_count,
        case when is_paid then 1 else 0 end as paid_count,
        case when is_scheduled then 1 else 0 end as scheduled_count,
        case when is_productive then 1 else 0 end as scheduled_productive_count,
        0 as adhered_count
    from shifts
    union all
    select
        agent_id,
        started_at,
        ended_at,
        0 as on_contact_count,
        0 as available_count,
        0 as break_count,
        0 as training_count,
        0 as meeting_count,
        0 as away_count,
        0 as paid_count,
        0 as scheduled_count,
        0 as scheduled_productive_count,
        1 as adhered_count
    from adhered

),

days as (

    {{ cut_by_day('spans', measures) }}

),

stretches as (

    {{ swept('days', ['agent_id', 'utc_date'], measures) }}

),

-- one thing at a time: who is on a contact is neither away nor available, who is away is not available
ranked as (

    select
        agent_id,
        utc_date,
        started_at,
        ended_at,
        case
            when on_contact_count > 0 then 'on_contact'
            when break_count > 0 then 'break'
            when training_count > 0 then 'training'
            when meeting_count > 0 then 'meeting'
            when away_count > 0 then 'other_away'
            when available_count > 0 then 'available'
        end as doing,
        on_contact_count as contacts_count,
        paid_count > 0 as is_paid,
        scheduled_count > 0 as is_scheduled,
        scheduled_productive_count > 0 as is_scheduled_productive,
        adhered_count > 0 as is_adherent
    from stretches

)

select * from ranked
