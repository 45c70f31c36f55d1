{{ tracked(
    'contact_id',
    by={
        'stg_intercom__conversations': "'intercom:' || conversation_id",
        'int_contact_legs__intercom': 'contact_id',
    },
) }}
with

conversations as (

    select * from {{ ref('stg_intercom__conversations') }}
    where
        record_status = 'current'
        and {{ only_touched("'intercom:' || conversation_id") }}

),

legs as (

    select * from {{ ref('int_contact_legs__intercom') }}
    where {{ only_touched('contact_id') }}

),

folded as (

    {{ fold_legs('legs') }}

),

final as (

    select
        'intercom:' || conversations.conversation_id as contact_id,
        conversations.platform,
        conversations.client as native_client,
        conversations.site as native_site,
        folded.native_queue,
        coalesce(conversations.source_type, 'conversation') as native_channel,
        case
            when coalesce(conversations.delivered_as, 'customer_initiated') = 'customer_initiated'
                then 'inbound'
            else 'outbound'
        end as direction,
        conversations.contact_type as native_contact_type,
        conversations.customer_key,
        conversations.language,
        conversations.created_at as arrived_at,
        folded.queued_at,
        folded.answered_at,
        folded.ended_at,
        cast(null as timestamp) as wrapped_up_at,
        folded.outcome,
        cast(null as decimal(18, 3)) as ivr_seconds,
        folded.wait_seconds,
        folded.talk_seconds,
        folded.hold_seconds,
        folded.acw_seconds,
        folded.first_agent_id,
        folded.agents_count,
        folded.queues_count,
        folded.transfers_count,
        cast(null as bigint) as holds_count,
        conversations.is_test,
        case
            when conversations.state = 'closed' and folded.answered_at is not null then true
        end as is_resolved,
        cast(null as decimal(4, 3)) as sentiment,
        folded.updated_at,
        conversations.source_file,
        conversations.source_row
    from conversations
    inner join folded
        on 'intercom:' || conversations.conversation_id = folded.contact_id

)

select * from final
