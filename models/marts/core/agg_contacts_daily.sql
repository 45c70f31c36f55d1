with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where is_in_scope

),

counted as (

    select
        arrived_date as day,
        client,
        site,
        queue,
        channel,
        contact_type,
        count(*) as contacts_count,
        count(*) filter (where outcome = 'abandoned_before_queue') as abandoned_before_queue_count,
        count(*) filter (where outcome = 'self_served') as self_served_count,
        {{ queue_measures() }},
        count(*) filter (where customer_key is not null) as identified_count,
        count(*) filter (where is_repeat_known) as repeat_known_count,
        count(*) filter (where is_repeat) as repeat_count,
        count(*) filter (where is_issue_opener) as issues_count,
        count(*) filter (where is_resolved_first_contact) as resolved_first_contact_count,
        bool_and(is_final) as is_final,
        coalesce(bool_and(is_resolution_final) filter (where is_issue_opener), true) as is_resolution_final
    from contacts
    group by arrived_date, client, site, queue, channel, contact_type

)

select * from counted
