{{ tracked(
    'contact_id',
    by={
        'stg_genesys_cloud__conversations': "'genesys_cloud:' || conversation_id",
        'int_sessions__genesys_cloud': 'contact_id',
        'int_contact_legs__genesys_cloud': 'contact_id',
    },
) }}
with

conversations as (

    select * from {{ ref('stg_genesys_cloud__conversations') }}
    where
        record_status = 'current'
        and {{ only_touched("'genesys_cloud:' || conversation_id") }}

),

sessions as (

    select
        *,
        purpose in ('customer', 'external') as is_customer,
        purpose in ('agent', 'user') and not is_listening as is_agent
    from {{ ref('int_sessions__genesys_cloud') }}
    where {{ only_touched('contact_id') }}

),

legs as (

    select * from {{ ref('int_contact_legs__genesys_cloud') }}
    where {{ only_touched('contact_id') }}

),

folded as (

    {{ fold_legs('legs') }}

),

described as (

    select
        *,
        {{ json_document('attributes') }} as attributes_json,
        row_number() over (
            partition by conversation_id order by started_at nulls last, session_id nulls last
        ) as session_number
    from sessions

),

rolled as (

    select
        conversation_id,
        min(contact_id) as contact_id,
        bool_or(is_customer) as has_customer,
        min_by(coalesce(message_type, media_type), session_number) filter (where is_customer)
            as customer_channel,
        min_by(media_type, session_number) as first_channel,
        min_by(customer_key, session_number) filter (where is_customer and customer_key is not null)
            as customer_key,
        case
            when not bool_or(is_customer and ended_at is null) then max(ended_at) filter (where is_customer)
        end as hung_up_at,
        max({{ clean_text(json_text('attributes_json', 'client')) }}) as client,
        max({{ clean_text(json_text('attributes_json', 'site')) }}) as site,
        max({{ clean_text(json_text('attributes_json', 'contact_type')) }}) as flow_contact_type,
        max({{ clean_text(json_text('attributes_json', 'language')) }}) as language,
        bool_or({{ boolean_from(json_text('attributes_json', 'is_test')) }}) as is_test,
        bool_or({{ boolean_from(json_text('attributes_json', 'self_served')) }}) as is_self_served,
        bool_or({{ boolean_from(json_text('attributes_json', 'resolved')) }}) as is_resolved,
        max(try_cast({{ json_text('attributes_json', 'sentiment') }} as decimal(4, 3))) as sentiment,
        -- The system's own codes say that the agent gave none.
        max_by(wrap_up_code, session_number) filter (
            where is_agent and wrap_up_code is not null and upper(wrap_up_code) not like 'ININ-%'
        ) as wrap_up_code,
        sum(ivr_seconds) filter (where purpose = 'ivr') as ivr_seconds,
        sum(holds_count) filter (where is_agent) as holds_count,
        max(coalesce(wrapped_up_at, disconnected_at)) filter (where is_agent) as wrapped_up_at
    from described
    group by conversation_id

),

joined as (

    select
        'genesys_cloud:' || conversations.conversation_id as contact_id,
        conversations.platform,
        rolled.client as native_client,
        rolled.site as native_site,
        folded.native_queue,
        coalesce(rolled.customer_channel, rolled.first_channel) as native_channel,
        case
            when not coalesce(rolled.has_customer, false) then 'internal'
            else coalesce(conversations.originating_direction, 'inbound')
        end as direction,
        -- An agent may correct what the flow guessed: the agent's word counts.
        coalesce(rolled.wrap_up_code, rolled.flow_contact_type) as native_contact_type,
        rolled.customer_key,
        rolled.language,
        conversations.started_at as arrived_at,
        folded.queued_at,
        folded.answered_at,
        -- The conversation itself ends with the last wrap-up, the contact when the customer has gone.
        case
            when conversations.ended_at is not null
                then coalesce(rolled.hung_up_at, folded.ended_at, conversations.ended_at)
        end as ended_at,
        case
            when conversations.ended_at is not null and folded.answered_at is not null
                then rolled.wrapped_up_at
        end as wrapped_up_at,
        case
            when folded.outcome is not null then folded.outcome
            when conversations.ended_at is null then 'open'
            when coalesce(rolled.is_self_served, false) then 'self_served'
            else 'abandoned_before_queue'
        end as outcome,
        cast(rolled.ivr_seconds as decimal(18, 3)) as ivr_seconds,
        folded.wait_seconds,
        folded.talk_seconds,
        folded.hold_seconds,
        folded.acw_seconds,
        folded.first_agent_id,
        coalesce(folded.agents_count, 0) as agents_count,
        coalesce(folded.queues_count, 0) as queues_count,
        coalesce(folded.transfers_count, 0) as transfers_count,
        cast(rolled.holds_count as bigint) as holds_count,
        coalesce(rolled.is_test, false) as is_test,
        rolled.is_resolved,
        rolled.sentiment,
        conversations.updated_at,
        conversations.source_file,
        conversations.source_row
    from conversations
    left join rolled
        on conversations.conversation_id = rolled.conversation_id
    left join folded
        on 'genesys_cloud:' || conversations.conversation_id = folded.contact_id

)

select * from joined
