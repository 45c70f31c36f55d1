{{ tracked(
    'contact_id',
    by={
        'stg_amazon_connect__contact_records': "'amazon_connect:' || root_contact_id",
        'int_contact_legs__amazon_connect': 'contact_id',
    },
) }}
with

records as (

    select * from {{ ref('stg_amazon_connect__contact_records') }}
    where
        record_status = 'current'
        and {{ only_touched("'amazon_connect:' || root_contact_id") }}

),

legs as (

    select * from {{ ref('int_contact_legs__amazon_connect') }}
    where {{ only_touched('contact_id') }}

),

folded as (

    {{ fold_legs('legs') }}

),

numbered as (

    select
        *,
        row_number() over (
            partition by root_contact_id
            order by
                case when contact_id = root_contact_id then 0 else 1 end nulls last,
                initiated_at nulls last,
                contact_id nulls last
        ) as record_number
    from records

),

-- The first record that has landed stands for the contact: its own, or else the earliest transfer.
first_records as (

    select
        *,
        case
            when initiation_method = 'MONITOR' then 'internal'
            when initiation_method in ('OUTBOUND', 'EXTERNAL_OUTBOUND', 'AGENT_REPLY') then 'outbound'
            else 'inbound'
        end as direction,
        coalesce(connected_to_system_at, initiated_at) as reached_flow_at,
        coalesce(enqueued_at, connected_to_agent_at, disconnected_at) as left_flow_at
    from numbered
    where record_number = 1

),

rolled as (

    select
        root_contact_id,
        min_by(client, record_number) filter (where client is not null) as client,
        min_by(site, record_number) filter (where site is not null) as site,
        -- An agent may correct what the flow guessed: the last word counts.
        max_by(contact_type, record_number) filter (where contact_type is not null) as contact_type,
        min_by(language, record_number) filter (where language is not null) as language,
        -- the customer's own number tells more than the telephone's, which several may use
        coalesce(
            min_by(customer_number_key, record_number) filter (where customer_number_key is not null),
            min_by(customer_key, record_number) filter (where customer_key is not null)
        ) as customer_key,
        max_by(is_resolved, record_number) filter (where is_resolved is not null) as is_resolved,
        max_by(sentiment, record_number) filter (where sentiment is not null) as sentiment,
        bool_or(coalesce(is_test, false)) as is_test,
        bool_or(coalesce(is_self_served, false)) as is_self_served,
        bool_or(coalesce(is_callback_requested, false)) as is_callback_requested,
        cast(sum(holds_count) as bigint) as holds_count,
        case when not bool_or(disconnected_at is null) then max(disconnected_at) end as ended_at,
        -- Unknown until every agent's after-contact work has been delivered.
        case
            when
                not bool_or(
                    connected_to_agent_at is not null and acw_ended_at is null and acw_seconds is null
                )
                then max(coalesce(acw_ended_at, {{ add_seconds('disconnected_at', 'acw_seconds') }}))
        end as wrapped_up_at,
        max(updated_at) as updated_at
    from numbered
    group by root_contact_id

),

joined as (

    select
        'amazon_connect:' || first_records.root_contact_id as contact_id,
        first_records.platform,
        rolled.client as native_client,
        rolled.site as native_site,
        folded.native_queue,
        first_records.channel as native_channel,
        first_records.direction,
        rolled.contact_type as native_contact_type,
        rolled.customer_key,
        rolled.language,
        first_records.initiated_at as arrived_at,
        folded.queued_at,
        folded.answered_at,
        rolled.ended_at,
        rolled.wrapped_up_at,
        case
            when folded.outcome is not null then folded.outcome
            when rolled.is_callback_requested then 'callback_requested'
            when rolled.is_self_served then 'self_served'
            else 'abandoned_before_queue'
        end as outcome,
        -- Time in the flow before a queue, when the contact's own first record is known.
        case
            when
                first_records.direction = 'inbound'
                and first_records.contact_id = first_records.root_contact_id
                then {{ seconds_between('first_records.reached_flow_at', 'first_records.left_flow_at') }}
        end as ivr_seconds,
        folded.wait_seconds,
        folded.talk_seconds,
        folded.hold_seconds,
        folded.acw_seconds,
        folded.first_agent_id,
        coalesce(folded.agents_count, 0) as agents_count,
        coalesce(folded.queues_count, 0) as queues_count,
        coalesce(folded.transfers_count, 0) as transfers_count,
        rolled.holds_count,
        rolled.is_test,
        rolled.is_resolved,
        rolled.sentiment,
        rolled.updated_at,
        first_records.source_file,
        first_records.source_row
    from first_records
    inner join rolled
        on first_records.root_contact_id = rolled.root_contact_id
    left join folded
        on 'amazon_connect:' || first_records.root_contact_id = folded.contact_id

)

select * from joined
