{{ tracked('contact_id', by={'stg_template__contact_legs': 'contact_id'}) }}
with

legs as (

    select * from {{ ref('stg_template__contact_legs') }}
    where
        record_status = 'current'
        and {{ only_touched('contact_id') }}

),

numbered as (

    select
        leg_id,
        contact_id,
        row_number() over in_order as leg_number,
        queue as native_queue,
        agent_id,
        queued_at,
        answered_at,
        ended_at,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        exit,
        is_callback,
        lead(leg_id) over in_order is not null as has_next_leg,
        coalesce(lead(is_callback) over in_order, false) as is_next_callback,
        updated_at,
        source_file,
        source_row
    from legs
    window
        in_order as (
            partition by contact_id
            order by
                leg_number nulls last,
                coalesce(queued_at, answered_at, ended_at) nulls last,
                leg_id nulls last
        )

),

answered as (

    select
        leg_id,
        contact_id,
        leg_number,
        native_queue,
        agent_id,
        queued_at,
        coalesce(
            answered_at,
            case
                when exit in ('completed', 'transferred') then {{ add_seconds('queued_at', 'wait_seconds') }}
            end
        ) as answered_at,
        ended_at,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        exit,
        is_callback,
        has_next_leg,
        is_next_callback,
        updated_at,
        source_file,
        source_row
    from numbered

),

ended as (

    select
        leg_id,
        contact_id,
        leg_number,
        native_queue,
        agent_id,
        queued_at,
        answered_at,
        coalesce(
            ended_at,
            {{ add_seconds('answered_at', 'talk_seconds + coalesce(hold_seconds, 0)') }},
            case when answered_at is null then {{ add_seconds('queued_at', 'wait_seconds') }} end
        ) as ended_at,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        exit,
        is_callback,
        has_next_leg,
        is_next_callback,
        updated_at,
        source_file,
        source_row
    from answered

),

left_by as (

    select
        leg_id,
        contact_id,
        leg_number,
        native_queue,
        agent_id,
        queued_at,
        answered_at,
        ended_at,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        case
            when exit is not null then exit
            when answered_at is not null and has_next_leg and not is_next_callback then 'transferred'
            when answered_at is not null and ended_at is not null then 'completed'
            when answered_at is not null then 'open'
            when is_next_callback then 'callback_requested'
            when agent_id is not null then 'no_answer'
            when has_next_leg then 'timed_out'
            when ended_at is not null or wait_seconds is not null then 'abandoned'
            else 'open'
        end as exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from ended

),

contracted as (

    select
        leg_id,
        contact_id,
        'template' as platform,
        leg_number,
        native_queue,
        agent_id,
        queued_at,
        answered_at,
        ended_at,
        -- an agent who was only rung neither waited nor talked
        case
            when exit = 'no_answer' then cast(null as decimal(18, 3))
            when wait_seconds is not null then wait_seconds
            when answered_at is not null then {{ seconds_between('queued_at', 'answered_at') }}
            when exit <> 'open' then {{ seconds_between('queued_at', 'ended_at') }}
        end as wait_seconds,
        case when exit <> 'no_answer' then talk_seconds end as talk_seconds,
        case when exit <> 'no_answer' then hold_seconds end as hold_seconds,
        case when exit <> 'no_answer' then acw_seconds end as acw_seconds,
        exit,
        is_callback,
        updated_at,
        source_file,
        source_row
    from left_by

)

select * from contracted
