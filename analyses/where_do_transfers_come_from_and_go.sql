{#-
Where do transferred contacts come from, and where do they go?

How to read it: one row per queue in which the contact was first answered × queue of its last agent, the commonest way first; to_queue is `outside_or_unknown` where the
contact left the centre or the platform does not write down where it went. Between queues of one row's client this is routing to correct;
the same queue on both sides is a colleague who was asked. extra_handle_seconds is how much longer they took than contacts of from_queue that were not
transferred; repeat_rate is how many of them were followed by another contact on the matter.

What to change: weeks (default 4) back from the last finished day.
-#}
with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_answered
        and is_final

),

legs as (

    select * from {{ ref('fct_contact_legs') }}
    where answered_at is not null

),

asked as (

    select
        {{ add_days('max(arrived_date)', 1 - 7 * var('weeks', 4) | int) }} as first_day,
        max(arrived_date) as last_day
    from contacts

),

ends as (

    select
        contact_id,
        min(leg_number) as first_leg_number,
        max(leg_number) as last_leg_number
    from legs
    group by contact_id

),

routed as (

    select
        contacts.contact_id,
        contacts.client,
        coalesce(firsts.queue, contacts.queue) as from_queue,
        case when ends.last_leg_number > ends.first_leg_number then lasts.queue end as to_queue,
        contacts.transfers_count >= 1 as is_transferred,
        contacts.handle_seconds,
        contacts.customer_key is not null
        and contacts.is_resolution_final as is_followed_known,
        coalesce(
            {{ seconds_between('contacts.arrived_at', 'contacts.next_on_matter_at') }}
            <= contacts.repeat_window_days * 86400,
            false
        ) as is_followed
    from contacts
    cross join asked
    left join ends
        on contacts.contact_id = ends.contact_id
    left join legs as firsts
        on
            ends.contact_id = firsts.contact_id
            and ends.first_leg_number = firsts.leg_number
    left join legs as lasts
        on
            ends.contact_id = lasts.contact_id
            and ends.last_leg_number = lasts.leg_number
    where contacts.arrived_date between asked.first_day and asked.last_day

),

kept as (

    select
        from_queue,
        {{ ratio('sum(handle_seconds)', 'count(handle_seconds)') }} as handle_time_seconds
    from routed
    where not is_transferred
    group by from_queue

),

answered_by_queue as (

    select
        from_queue,
        count(*) as answered_count
    from routed
    group by from_queue

),

ways as (

    select
        client,
        from_queue,
        coalesce(to_queue, 'outside_or_unknown') as to_queue,
        count(*) as transferred_count,
        {{ ratio('sum(handle_seconds)', 'count(handle_seconds)') }} as handle_time_seconds,
        count(*) filter (where is_followed_known) as followed_known_count,
        count(*) filter (where is_followed_known and is_followed) as followed_count
    from routed
    where is_transferred
    group by client, from_queue, coalesce(to_queue, 'outside_or_unknown')

),

answered as (

    select
        ways.client,
        ways.from_queue,
        ways.to_queue,
        ways.transferred_count,
        answered_by_queue.answered_count,
        {{ ratio('ways.transferred_count', 'answered_by_queue.answered_count') }} as share_of_answered,
        ways.handle_time_seconds,
        ways.handle_time_seconds - kept.handle_time_seconds as extra_handle_seconds,
        ways.followed_known_count,
        {{ ratio('ways.followed_count', 'ways.followed_known_count') }} as repeat_rate
    from ways
    inner join answered_by_queue
        on ways.from_queue = answered_by_queue.from_queue
    left join kept
        on ways.from_queue = kept.from_queue

)

select * from answered
order by
    transferred_count desc nulls last,
    from_queue asc nulls last,
    to_queue asc nulls last,
    client asc nulls last
