{{ tracked(
    ['client', 'customer_key'],
    by={'int_contacts__localised': ['client', 'customer_key']},
    also=[
        'select client, customer_key from ' ~ ref('int_contacts__localised')
        ~ ' where client in (select client from ' ~ changes('int_clients__covered') ~ ')',
    ],
) }}
with

contacts as (

    select
        contact_id,
        client,
        customer_key,
        contact_type,
        arrived_at,
        outcome,
        repeat_window_days,
        containment_window_hours
    from {{ ref('int_contacts__localised') }}
    where
        is_in_scope
        and customer_key is not null
        and {{ only_touched(['client', 'customer_key']) }}

),

coverage as (

    select * from {{ ref('int_clients__covered') }}

),

neighboured as (

    select
        contact_id,
        client,
        customer_key,
        contact_type,
        arrived_at,
        repeat_window_days,
        containment_window_hours,
        lag(arrived_at) over customer_contacts as previous_any_at,
        lead(arrived_at) over customer_contacts as next_any_at,
        lag(arrived_at) over same_type as previous_same_type_at,
        lead(arrived_at) over same_type as next_same_type_at,
        max(case when contact_type = 'unclassified' then arrived_at end) over (
            partition by customer_key, client
            order by arrived_at nulls last, contact_id nulls last
            rows between unbounded preceding and current row
        ) as previous_unclassified_at,
        min(case when contact_type = 'unclassified' then arrived_at end) over (
            partition by customer_key, client
            order by arrived_at nulls last, contact_id nulls last
            rows between current row and unbounded following
        ) as next_unclassified_at,
        min(case when outcome not in ('self_served', 'abandoned_before_queue') then arrived_at end) over (
            partition by customer_key, client
            order by arrived_at nulls last, contact_id nulls last
            rows between 1 following and unbounded following
        ) as next_offered_at
    from contacts
    window
        customer_contacts as (
            partition by customer_key, client
            order by arrived_at nulls last, contact_id nulls last
        ),
        same_type as (
            partition by customer_key, client, contact_type
            order by arrived_at nulls last, contact_id nulls last
        )

),

-- an unclassified contact is on the matter of any other of its customer; greatest and least pass over nulls
same_matter as (

    select
        contact_id,
        client,
        customer_key,
        arrived_at,
        repeat_window_days,
        containment_window_hours,
        next_offered_at,
        case
            when contact_type = 'unclassified' then previous_any_at
            else greatest(previous_same_type_at, previous_unclassified_at)
        end as previous_on_matter_at,
        case
            when contact_type = 'unclassified' then next_any_at
            else least(next_same_type_at, next_unclassified_at)
        end as next_on_matter_at
    from neighboured

),

windowed as (

    select
        same_matter.contact_id,
        same_matter.client,
        same_matter.customer_key,
        same_matter.previous_on_matter_at,
        same_matter.next_on_matter_at,
        {{ add_seconds('same_matter.arrived_at', 'same_matter.repeat_window_days * 86400') }}
            as repeat_window_ends_at,
        coalesce(
            {{ seconds_between('same_matter.previous_on_matter_at', 'same_matter.arrived_at') }}
            <= same_matter.repeat_window_days * 86400,
            false
        ) as is_repeat,
        coalesce(
            {{ seconds_between('same_matter.arrived_at', 'same_matter.next_on_matter_at') }}
            <= same_matter.repeat_window_days * 86400,
            false
        ) as is_followed,
        {{ add_seconds('same_matter.arrived_at', 'same_matter.containment_window_hours * 3600') }}
            as containment_window_ends_at,
        coalesce(
            {{ seconds_between('same_matter.arrived_at', 'same_matter.next_offered_at') }}
            <= same_matter.containment_window_hours * 3600,
            false
        ) as is_followed_by_offered,
        {{ seconds_between('coverage.covered_from_at', 'same_matter.arrived_at') }}
        >= same_matter.repeat_window_days * 86400 as is_in_coverage
    from same_matter
    inner join coverage
        on same_matter.client = coverage.client

)

select * from windowed
