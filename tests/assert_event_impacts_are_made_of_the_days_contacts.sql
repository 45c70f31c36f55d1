-- members add up to all; shares of types to one; and nothing is compared without a baseline
with

impacts as (

    select * from {{ ref('rpt_event_impacts') }}

),

summed as (

    select
        event_id,
        client,
        sum(case when measure = 'contacts_per_day' and member = 'all' then numerator else 0 end)
            as all_contacts,
        sum(case when measure = 'contacts_per_day' and member <> 'all' then numerator else 0 end)
            as contacts_of_types,
        sum(case when measure = 'contact_type_share' then numerator else 0 end) as contacts_of_shares,
        coalesce(abs(sum(
            case
                when measure = 'contacts_per_day' and member = 'all' then extra_contacts
                when measure = 'contacts_per_day' then -extra_contacts
            end
        )), 0) as extra_difference,
        count(*) filter (
            where comparison <> 'compared'
            and (baseline_value is not null or change is not null or extra_contacts is not null)
        ) as unfounded_count,
        count(*) filter (where days_count > {{ days_between('first_day', 'last_day') }} + 1) as overlong_count
    from impacts
    group by event_id, client

)

select * from summed
where
    all_contacts <> contacts_of_types
    or all_contacts <> contacts_of_shares
    -- each type's expectation is rounded to 6 decimals
    or extra_difference > 0.0001
    or unfounded_count > 0
    or overlong_count > 0
