{{ tracked(
    'contact_id',
    by={
        'stg_intercom__conversations': "'intercom:' || conversation_id",
        'stg_intercom__conversation_parts': "'intercom:' || conversation_id",
    },
) }}
with

conversations as (

    select * from {{ ref('stg_intercom__conversations') }}
    where
        record_status = 'current'
        and {{ only_touched("'intercom:' || conversation_id") }}

),

parts as (

    select
        *,
        row_number() over (
            partition by conversation_id order by created_at nulls last, part_id nulls last
        ) as part_number
    from {{ ref('stg_intercom__conversation_parts') }}
    where
        record_status = 'current'
        and {{ only_touched("'intercom:' || conversation_id") }}

),

-- A teammate's comment is a reply; a note is seen by colleagues alone, and a bot is no agent.
replies as (

    select
        conversation_id,
        min(created_at) as replied_at,
        min_by(admin_id, part_number) as admin_id,
        max(updated_at) as updated_at
    from parts
    where author_type = 'admin' and part_type = 'comment'
    group by conversation_id

),

closings as (

    select
        conversation_id,
        max(created_at) as closed_at
    from parts
    where part_type = 'close'
    group by conversation_id

),

answered as (

    select
        conversations.conversation_id,
        conversations.team_id,
        coalesce(replies.admin_id, conversations.admin_id) as admin_id,
        conversations.created_at,
        coalesce(conversations.delivered_as, 'customer_initiated') = 'customer_initiated' as is_inbound,
        coalesce(conversations.first_admin_reply_at, replies.replied_at) as answered_at,
        -- Closed, it ended with its last closing; reopened, it goes on.
        case
            when conversations.state = 'closed'
                then
                    greatest(
                        coalesce(conversations.last_close_at, closings.closed_at, conversations.updated_at),
                        coalesce(
                            conversations.first_admin_reply_at, replies.replied_at, conversations.created_at
                        )
                    )
        end as ended_at,
        greatest(
            conversations.updated_at, coalesce(replies.updated_at, conversations.updated_at)
        ) as updated_at,
        conversations.source_file,
        conversations.source_row
    from conversations
    left join replies
        on conversations.conversation_id = replies.conversation_id
    left join closings
        on conversations.conversation_id = closings.conversation_id

),

final as (

    select
        'intercom:' || conversation_id || '-1' as leg_id,
        'intercom:' || conversation_id as contact_id,
        'intercom' as platform,
        cast(1 as bigint) as leg_number,
        team_id as native_queue,
        case when answered_at is not null then 'intercom:' || admin_id end as agent_id,
        case when is_inbound then created_at end as queued_at,
        answered_at,
        ended_at,
        case
            when is_inbound then {{ seconds_between('created_at', 'coalesce(answered_at, ended_at)') }}
        end as wait_seconds,
        cast(null as decimal(18, 3)) as talk_seconds,
        cast(null as decimal(18, 3)) as hold_seconds,
        cast(null as decimal(18, 3)) as acw_seconds,
        case
            when ended_at is null then 'open'
            when answered_at is null then 'diverted'
            else 'completed'
        end as exit,
        false as is_callback,
        updated_at,
        source_file,
        source_row
    from answered

)

select * from final
