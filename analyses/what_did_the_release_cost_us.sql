{#-
    What did the release cost us?

    How to read it: one row per release and client. extra_contacts of +270 on 1,400 contacts means that a fifth of those days' contacts would
    not have come by the same weekdays before; extra_cost_amount is what handling them cost, in the reporting currency. The type's own figures
    tell whether they came about the release: where it explains little of the whole, something else happened. Changes of service level
    and satisfaction are in points. Costs are a share of what is booked for the month, not an additional invoice: agents who had time
    for the extra contacts were paid anyway. `no_baseline_days` means that nothing like these days lies in the data, so nobody knows.

    What to change: the kind, for an incident, a season or a campaign; `where client = …` narrows it.
-#}
with

impacts as (

    select * from {{ ref('rpt_event_impacts') }}
    where kind = 'release'

),

releases as (

    select
        event_id,
        client,
        max(name) as name,
        max(first_day) as first_day,
        max(last_day) as last_day,
        max(contact_type) as contact_type,
        max(days_count) as days_count,
        max(baseline_days_count) as baseline_days_count,
        max(case when measure = 'contacts_per_day' and member = 'all' then numerator end) as contacts_count,
        max(case when measure = 'contacts_per_day' and member = 'all' then extra_contacts end)
            as extra_contacts,
        max(case when measure = 'contacts_per_day' and member = 'all' then extra_cost_amount end)
            as extra_cost_amount,
        max(case when measure = 'contacts_per_day' and member = contact_type then extra_contacts end)
            as extra_contacts_of_type,
        max(case when measure = 'contact_type_share' and member = contact_type then value end)
            as share_of_type,
        max(case when measure = 'contact_type_share' and member = contact_type then baseline_value end)
            as share_of_type_before,
        max(case when measure = 'service_level' then change end) as service_level_change,
        max(case when measure = 'csat' then change end) as csat_change,
        max(comparison) as comparison,
        bool_and(is_final) as is_final
    from impacts
    group by event_id, client

)

select * from releases
order by extra_cost_amount desc nulls last, event_id asc nulls last, client asc nulls last
