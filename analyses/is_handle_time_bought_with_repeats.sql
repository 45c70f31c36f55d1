{#-
Is a short handle time bought with repeats: do customers of fast agents come back more often?

How to read it: one row per agent (the first who answered), of contacts with a measured handle time and a known customer whose repeat window is over; the fastest
for their work first. Hard contacts take longer and come back more whoever takes them, so both figures are compared with what the same contact types and
channels give on average: handle_time_difference_seconds (negative: faster) and repeat_difference_points (positive: more customers came back). reading says
where both point to the same thing and the second is beyond chance (two standard errors); elsewhere, with few contacts_count above all, it is silent on purpose.
Over all agents both differences, weighted by contacts, add up to nothing.

What to change: weeks (default 8) back from the last finished day.
-#}
with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_answered
        and is_final
        and is_resolution_final
        and customer_key is not null
        and first_agent_id is not null
        and handle_seconds is not null

),

finished as (

    select max(arrived_date) as last_day
    from {{ ref('fct_contacts') }}
    where is_final

),

followed as (

    select
        contacts.first_agent_id as agent_id,
        contacts.contact_type,
        contacts.channel,
        contacts.client,
        contacts.handle_seconds,
        case
            when
                {{ seconds_between('contacts.arrived_at', 'contacts.next_on_matter_at') }}
                <= contacts.repeat_window_days * 86400
                then 1
            else 0
        end as came_back
    from contacts
    cross join finished
    where
        contacts.arrived_date
        between {{ add_days('finished.last_day', 1 - 7 * var('weeks', 8) | int) }} and finished.last_day

),

alike as (

    select
        client,
        contact_type,
        channel,
        {{ ratio('sum(handle_seconds)', 'count(*)') }} as handle_time_seconds,
        {{ ratio('sum(came_back)', 'count(*)') }} as repeat_rate
    from followed
    group by client, contact_type, channel

),

by_agent as (

    select
        followed.agent_id,
        count(*) as contacts_count,
        {{ ratio('sum(followed.handle_seconds)', 'count(*)') }} as handle_time_seconds,
        {{ ratio('sum(alike.handle_time_seconds)', 'count(*)') }} as expected_handle_time_seconds,
        {{ ratio('sum(followed.came_back)', 'count(*)') }} as repeat_rate,
        {{ ratio('sum(alike.repeat_rate)', 'count(*)') }} as expected_repeat_rate,
        {{ ratio('sqrt(sum(alike.repeat_rate * (1 - alike.repeat_rate)))', 'count(*)') }}
            as standard_error_points
    from followed
    inner join alike
        on
            followed.client = alike.client
            and followed.contact_type = alike.contact_type
            and followed.channel = alike.channel
    group by followed.agent_id

),

answered as (

    select
        by_agent.agent_id,
        by_agent.contacts_count,
        by_agent.handle_time_seconds,
        by_agent.handle_time_seconds - by_agent.expected_handle_time_seconds
            as handle_time_difference_seconds,
        by_agent.repeat_rate,
        by_agent.repeat_rate - by_agent.expected_repeat_rate as repeat_difference_points,
        by_agent.standard_error_points,
        case
            when
                by_agent.handle_time_seconds < by_agent.expected_handle_time_seconds
                and by_agent.repeat_rate - by_agent.expected_repeat_rate > 2 * by_agent.standard_error_points
                then 'fast, and customers come back'
            when
                by_agent.handle_time_seconds > by_agent.expected_handle_time_seconds
                and by_agent.repeat_rate - by_agent.expected_repeat_rate < -2 * by_agent.standard_error_points
                then 'takes time, and settles it'
        end as reading
    from by_agent

)

select * from answered
order by handle_time_difference_seconds asc nulls last, agent_id asc nulls last
