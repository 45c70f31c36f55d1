{{ tracked('day', by={'fct_contacts': 'arrived_date'}) }}
with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and {{ only_touched('arrived_date') }}

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
        count(*) filter (where outcome = 'open' and not is_offered) as open_unqueued_count,
        {{ queue_measures() }},
        count(*) filter (where customer_key is not null) as identified_count,
        count(*) filter (where is_repeat_known) as repeat_known_count,
        count(*) filter (where is_repeat) as repeat_count,
        count(*) filter (where is_issue_opener) as issues_count,
        count(*) filter (where is_resolved_first_contact) as resolved_first_contact_count,
        count(*) filter (where is_answered and is_resolved is not null) as resolution_flagged_count,
        count(*) filter (where is_answered and is_resolved) as resolved_count,
        count(*) filter (where is_containment_known) as containment_known_count,
        count(*) filter (where is_contained) as contained_count,
        count(*) filter (where sentiment is not null) as sentiment_measured_count,
        cast(coalesce(sum(sentiment), 0) as decimal(18, 3)) as sentiment_score,
        bool_and(is_final) as is_final,
        coalesce(bool_and(is_resolution_final) filter (where is_issue_opener), true) as is_resolution_final,
        coalesce(bool_and(is_containment_final) filter (where is_containment_known), true)
            as is_containment_final
    from contacts
    group by arrived_date, client, site, queue, channel, contact_type

)

select * from counted
