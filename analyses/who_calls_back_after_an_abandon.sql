{#-
Who comes back after giving up, how soon, and were they answered then?

How to read it: one row per queue × channel × how long they had waited, T being the service-level threshold. Of the abandoned
contacts, those without a known customer cannot be followed; the others came back on the same matter within an hour, a day, the repeat window, or
not within it: lost_count, who solved it elsewhere or gave up for good (provisional_count of them may still come back). answered_on_return_rate is of those who came back.
Contacts that came back are counted as offered twice: they inflate volume.

What to change: weeks (default 4) back from the last finished day.
-#}
with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where is_in_scope

),

asked as (

    select
        {{ add_days('max(arrived_date)', 1 - 7 * var('weeks', 4) | int) }} as first_day,
        max(arrived_date) as last_day
    from contacts
    where is_final

),

abandons as (

    select
        contacts.contact_id,
        contacts.client,
        contacts.queue,
        contacts.channel,
        contacts.customer_key,
        contacts.contact_type,
        contacts.next_on_matter_at,
        contacts.is_resolution_final,
        contacts.wait_seconds,
        case
            when contacts.wait_seconds <= contacts.service_level_seconds then 'up to T'
            when contacts.wait_seconds <= 3 * contacts.service_level_seconds then 'up to 3 T'
            when contacts.wait_seconds is not null then 'longer'
            else 'not known'
        end as waited,
        {{ seconds_between('contacts.arrived_at', 'contacts.next_on_matter_at') }} as away_seconds,
        contacts.repeat_window_days * 86400 as window_seconds
    from contacts
    cross join asked
    where
        contacts.is_abandoned
        and contacts.is_final
        and contacts.arrived_date between asked.first_day and asked.last_day

),

-- of two contacts of a customer at the same moment, an answered one counts
returns as (

    select
        abandons.contact_id,
        bool_or(contacts.is_handled or contacts.outcome = 'self_served') as is_served
    from abandons
    inner join contacts
        on
            abandons.customer_key = contacts.customer_key
            and abandons.client = contacts.client
            and abandons.next_on_matter_at = contacts.arrived_at
    group by abandons.contact_id

),

told as (

    select
        abandons.*,
        abandons.customer_key is not null as is_identified,
        coalesce(abandons.away_seconds <= abandons.window_seconds, false) as is_back,
        coalesce(returns.is_served, false) as is_served
    from abandons
    left join returns
        on abandons.contact_id = returns.contact_id

),

counted as (

    select
        client,
        queue,
        channel,
        waited,
        count(*) as abandoned_count,
        count(*) filter (where not is_identified) as unidentified_count,
        count(*) filter (where is_back and away_seconds <= 3600) as back_within_an_hour_count,
        count(*) filter (where is_back and away_seconds > 3600 and away_seconds <= 86400)
            as back_within_a_day_count,
        count(*) filter (where is_back and away_seconds > 86400) as back_later_count,
        count(*) filter (where is_identified and not is_back) as lost_count,
        count(*) filter (where is_identified and not is_back and not is_resolution_final)
            as provisional_count,
        count(*) filter (where is_identified) as identified_count,
        count(*) filter (where is_back) as back_count,
        count(*) filter (where is_back and is_served) as served_count,
        median(away_seconds) filter (where is_back) as median_away_seconds
    from told
    group by client, queue, channel, waited

),

answered as (

    select
        client,
        queue,
        channel,
        waited,
        abandoned_count,
        unidentified_count,
        back_within_an_hour_count,
        back_within_a_day_count,
        back_later_count,
        lost_count,
        provisional_count,
        {{ ratio('back_count', 'identified_count') }} as back_rate,
        {{ ratio('served_count', 'back_count') }} as answered_on_return_rate,
        cast(median_away_seconds as double) as median_away_seconds
    from counted

)

select * from answered
order by
    abandoned_count desc nulls last,
    queue asc nulls last,
    channel asc nulls last,
    waited asc nulls last,
    client asc nulls last
