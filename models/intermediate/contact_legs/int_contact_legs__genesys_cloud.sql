{{ tracked('contact_id', by={'int_sessions__genesys_cloud': 'contact_id'}) }}
with

sessions as (

    select * from {{ ref('int_sessions__genesys_cloud') }}
    -- Who listens in, coaches or barges in is no leg of the contact.
    where
        not is_listening
        and {{ only_touched('contact_id') }}

),

visits as (

    select
        *,
        row_number() over (
            partition by conversation_id order by started_at nulls last, session_id nulls last
        ) as visit_number,
        lead(media_type) over (
            partition by conversation_id order by started_at nulls last, session_id nulls last
        ) as next_media_type
    from sessions
    where purpose = 'acd'

),

-- An agent who takes a call-back has a session for it and one for the call, which the customer is on.
agents as (

    select
        conversation_id,
        participant_id,
        min(user_id) as user_id,
        min(queue_id) as queue_id,
        min(started_at) as started_at,
        min(connected_at) filter (where media_type <> 'callback') as connected_at,
        case
            when
                not bool_or(media_type <> 'callback' and connected_at is not null and disconnected_at is null)
                then max(disconnected_at) filter (where media_type <> 'callback')
        end as disconnected_at,
        case when not bool_or(ended_at is null) then max(ended_at) end as ended_at,
        max(wrapped_up_at) as wrapped_up_at,
        sum(answered_seconds) as answered_seconds,
        sum(talk_seconds) filter (where media_type <> 'callback') as talk_seconds,
        sum(hold_seconds) filter (where media_type <> 'callback') as hold_seconds,
        sum(acw_seconds) as acw_seconds,
        bool_or(
            transferred_count > 0 or coalesce(disconnect_type, '') like '%transfer%'
        ) as is_transferred,
        sum(alerts_count) as alerts_count,
        bool_or(media_type = 'callback') as is_callback,
        bool_and(is_over) as is_over,
        max(updated_at) as updated_at,
        min(source_file) as source_file,
        min(source_row) as source_row
    from sessions
    where purpose in ('agent', 'user')
    group by conversation_id, participant_id

),

-- The queue visit that brought the agent: the last one of the agent's queue before they were rung.
rung as (

    select
        agents.conversation_id,
        agents.participant_id,
        max(visits.visit_number) as visit_number
    from agents
    inner join visits
        on
            agents.conversation_id = visits.conversation_id
            and agents.queue_id = visits.queue_id
            and agents.started_at >= visits.started_at
    group by agents.conversation_id, agents.participant_id

),

placed as (

    select
        agents.*,
        rung.visit_number,
        agents.connected_at is not null as is_connected,
        row_number() over (
            partition by agents.conversation_id, rung.visit_number, agents.connected_at is not null
            order by agents.connected_at nulls last, agents.participant_id nulls last
        ) as answer_number
    from agents
    left join rung
        on
            agents.conversation_id = rung.conversation_id
            and agents.participant_id = rung.participant_id

),

answers as (

    select * from placed
    where is_connected and visit_number is not null and answer_number = 1

),

visit_legs as (

    select
        visits.conversation_id,
        visits.session_id as native_id,
        visits.queue_id,
        answers.user_id,
        visits.started_at as queued_at,
        answers.connected_at as answered_at,
        case
            when answers.participant_id is not null then answers.disconnected_at else visits.ended_at
        end as ended_at,
        case
            when answers.participant_id is not null
                then
                    coalesce(
                        answers.answered_seconds,
                        {{ seconds_between('visits.started_at', 'answers.connected_at') }}
                    )
            when visits.ended_at is not null
                then
                    coalesce(
                        visits.abandon_seconds,
                        visits.acd_seconds,
                        visits.flow_out_seconds,
                        {{ seconds_between('visits.started_at', 'visits.ended_at') }}
                    )
        end as wait_seconds,
        answers.talk_seconds,
        answers.hold_seconds,
        answers.acw_seconds,
        answers.is_over,
        case
            when answers.is_transferred then 'transferred'
            when answers.participant_id is not null and answers.disconnected_at is null then 'open'
            when answers.participant_id is not null then 'completed'
            when visits.ended_at is null then 'open'
            when visits.next_media_type = 'callback' and visits.media_type <> 'callback'
                then 'callback_requested'
            when visits.abandon_seconds is not null then 'abandoned'
            when
                visits.flow_out_seconds is not null
                or (visits.media_type <> 'callback' and visits.disconnect_type like '%transfer%')
                then 'diverted'
            else 'abandoned'
        end as exit,
        visits.media_type = 'callback' as is_callback,
        greatest(visits.updated_at, coalesce(answers.updated_at, visits.updated_at)) as updated_at,
        visits.source_file,
        visits.source_row
    from visits
    left join answers
        on
            visits.conversation_id = answers.conversation_id
            and visits.visit_number = answers.visit_number

),

-- Passed on from agent to agent, or dialled by one: nobody waited in a queue.
direct_legs as (

    select
        conversation_id,
        participant_id as native_id,
        queue_id,
        user_id,
        cast(null as timestamp) as queued_at,
        connected_at as answered_at,
        disconnected_at as ended_at,
        cast(null as decimal(18, 3)) as wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        is_over,
        case
            when is_transferred then 'transferred'
            when disconnected_at is null then 'open'
            else 'completed'
        end as exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from placed
    where is_connected and (visit_number is null or answer_number > 1)

),

-- Rung, and did not pick up: it happened inside a visit, so it is no entry of its own.
unheard_legs as (

    select
        conversation_id,
        participant_id as native_id,
        queue_id,
        user_id,
        cast(null as timestamp) as queued_at,
        cast(null as timestamp) as answered_at,
        ended_at,
        cast(null as decimal(18, 3)) as wait_seconds,
        cast(null as decimal(18, 3)) as talk_seconds,
        cast(null as decimal(18, 3)) as hold_seconds,
        cast(null as decimal(18, 3)) as acw_seconds,
        is_over,
        'no_answer' as exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from placed
    where not is_connected and not is_callback and alerts_count > 0 and ended_at is not null

),

legs as (

    select * from visit_legs
    union all
    select * from direct_legs
    union all
    select * from unheard_legs

),

numbered as (

    select
        *,
        row_number() over (
            partition by conversation_id
            order by
                coalesce(answered_at, ended_at, queued_at) nulls last,
                case when exit = 'no_answer' then 0 else 1 end nulls last,
                queued_at nulls last,
                native_id nulls last
        ) as leg_number,
        -- Whatever follows a call-back belongs to it: the customer waited for none of it in a queue.
        max(case when is_callback then 1 else 0 end) over (
            partition by conversation_id
            order by
                coalesce(answered_at, ended_at, queued_at) nulls last,
                case when exit = 'no_answer' then 0 else 1 end nulls last,
                queued_at nulls last,
                native_id nulls last
            rows between unbounded preceding and current row
        ) = 1 as is_after_callback
    from legs

),

final as (

    select
        'genesys_cloud:' || conversation_id || '-' || native_id as leg_id,
        'genesys_cloud:' || conversation_id as contact_id,
        'genesys_cloud' as platform,
        cast(leg_number as bigint) as leg_number,
        queue_id as native_queue,
        'genesys_cloud:' || user_id as agent_id,
        queued_at,
        answered_at,
        ended_at,
        cast(wait_seconds as decimal(18, 3)) as wait_seconds,
        case
            when answered_at is not null and exit <> 'open'
                then
                    cast(coalesce(
                        talk_seconds,
                        {{ seconds_between('answered_at', 'ended_at') }} - coalesce(hold_seconds, 0)
                    ) as decimal(18, 3))
        end as talk_seconds,
        -- A metric that was never emitted is a time that never ran, as handle time shows.
        case
            when answered_at is not null and exit <> 'open'
                then cast(coalesce(hold_seconds, 0) as decimal(18, 3))
        end as hold_seconds,
        case
            when answered_at is not null and acw_seconds is not null then cast(acw_seconds as decimal(18, 3))
            when answered_at is not null and is_over then cast(0 as decimal(18, 3))
        end as acw_seconds,
        exit,
        is_after_callback as is_callback,
        updated_at,
        source_file,
        source_row
    from numbered

)

select * from final
