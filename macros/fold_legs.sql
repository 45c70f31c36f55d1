{#-
    Legs folded into one row per contact, as the customer lived it. relation: an int_contact_legs__<platform>.
    Waits count up to and including the first answered leg; a call-back leg's wait is no queue wait of the customer; legs that
    only rang (`no_answer`) carry no time, and a contact that has no other leg gives no row. A transfer is completed when another
    agent then answered, or when it left the centre: nobody here was rung after it.
-#}
{% macro fold_legs(relation) -%}
    select
        contact_id,
        min_by(native_queue, leg_number) filter (where native_queue is not null) as native_queue,
        min(queued_at) as queued_at,
        min(answered_at) as answered_at,
        case
            when not bool_or(coalesce(exit = 'open', false) and is_last_met) then max(ended_at)
        end as ended_at,
        cast(sum(wait_seconds) filter (
            where not is_callback and coalesce(answered_before_count, 0) = 0
        ) as decimal(18, 3)) as wait_seconds,
        cast(sum(talk_seconds) as decimal(18, 3)) as talk_seconds,
        cast(sum(hold_seconds) as decimal(18, 3)) as hold_seconds,
        cast(sum(acw_seconds) as decimal(18, 3)) as acw_seconds,
        min_by(agent_id, leg_number) filter (where answered_at is not null and agent_id is not null) as first_agent_id,
        count(distinct agent_id) filter (where answered_at is not null) as agents_count,
        count(distinct native_queue) as queues_count,
        count(*) filter (where exit = 'transferred' and (is_last_leg or is_next_answered)) as transfers_count,
        case
            when bool_or(answered_at is not null and not is_callback) then 'answered'
            when bool_or(is_callback or coalesce(exit = 'callback_requested', false)) then 'callback_requested'
            when bool_or(coalesce(exit = 'open', false) and is_last_met) then 'open'
            when bool_or(coalesce(exit = 'abandoned', false) and is_last_met) then 'abandoned'
            else 'diverted'
        end as outcome,
        count(*) as legs_count,
        max(updated_at) as updated_at
    from (
        select
            contact_id,
            native_queue,
            leg_number,
            agent_id,
            queued_at,
            answered_at,
            ended_at,
            wait_seconds,
            talk_seconds,
            hold_seconds,
            acw_seconds,
            exit,
            coalesce(is_callback, false) as is_callback,
            updated_at,
            is_met,
            sum(case when answered_at is not null then 1 else 0 end) over (
                partition by contact_id, is_met order by leg_number nulls last
                rows between unbounded preceding and 1 preceding
            ) as answered_before_count,
            lead(answered_at) over (
                partition by contact_id, is_met order by leg_number nulls last
            ) is not null as is_next_answered,
            lead(leg_number) over (
                partition by contact_id, is_met order by leg_number nulls last
            ) is null as is_last_met,
            lead(leg_number) over (
                partition by contact_id order by leg_number nulls last
            ) is null as is_last_leg
        from (
            select
                *,
                coalesce(exit <> 'no_answer', true) as is_met
            from {{ relation }}
        ) as legs
    ) as ordered
    where is_met
    group by contact_id
{%- endmacro %}
