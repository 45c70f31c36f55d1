{#-
Which contact types make customers come back about the same matter?

How to read it: one row per client × contact type, the costliest first. repeat_rate is the share of contacts that follow an earlier one on the same matter
within the repeat window; average_repeat_rate is the client's own. excess_count is how many repeats the type has beyond that average: what could be won
where the type were like the others (negative: it is better than they; over a client's types it adds up to nothing). repeat_hours is agents' time spent on repeats.
A first contact by telephone may be repeated in writing: all channels count.

What to change: weeks (default 4) back from the last finished day.
-#}
with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_final

),

asked as (

    select
        {{ add_days('max(arrived_date)', 1 - 7 * var('weeks', 4) | int) }} as first_day,
        max(arrived_date) as last_day
    from contacts

),

by_type as (

    select
        contacts.client,
        contacts.contact_type,
        count(*) as contacts_count,
        count(*) filter (where contacts.is_repeat_known) as known_count,
        count(*) filter (where contacts.is_repeat) as repeats_count,
        coalesce(sum(contacts.handle_seconds) filter (where contacts.is_repeat), 0) as repeat_seconds
    from contacts
    cross join asked
    where contacts.arrived_date between asked.first_day and asked.last_day
    group by contacts.client, contacts.contact_type

),

by_client as (

    select
        client,
        {{ ratio('sum(repeats_count)', 'sum(known_count)') }} as average_repeat_rate,
        sum(repeats_count) as repeats_count
    from by_type
    group by client

),

answered as (

    select
        by_type.client,
        by_type.contact_type,
        by_type.contacts_count,
        by_type.known_count,
        by_type.repeats_count,
        {{ ratio('by_type.repeats_count', 'by_type.known_count') }} as repeat_rate,
        by_client.average_repeat_rate,
        {{ ratio('by_type.repeats_count', 'by_client.repeats_count') }} as share_of_repeats,
        by_type.repeats_count - by_type.known_count * by_client.average_repeat_rate as excess_count,
        cast(by_type.repeat_seconds as double) / 3600 as repeat_hours
    from by_type
    inner join by_client
        on by_type.client = by_client.client

)

select * from answered
order by excess_count desc nulls last, client asc nulls last, contact_type asc nulls last
