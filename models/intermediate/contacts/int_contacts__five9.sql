{{ tracked(
    'contact_id',
    by={'int_calls__five9': "'five9:' || call_id", 'int_contact_legs__five9': 'contact_id'},
    also=[
        'select contact_id from ' ~ this
        ~ ' where exists (select 1 from ' ~ changes('int_value_maps__unioned') ~ " where platform = 'five9')",
    ],
) }}
with

calls as (

    select
        *,
        disposition as native_outcome
    from {{ ref('int_calls__five9') }}
    where {{ only_touched("'five9:' || call_id") }}

),

legs as (

    select * from {{ ref('int_contact_legs__five9') }}
    where {{ only_touched('contact_id') }}

),

folded as (

    {{ fold_legs('legs') }}

),

numbered as (

    select
        calls.*,
        outcome_map.slug as said_outcome,
        row_number() over (
            partition by calls.call_id
            order by calls.part_started_at nulls last, calls.agent_name nulls last, calls.skill nulls last
        ) as part_number,
        {{ add_seconds(
            'calls.part_started_at',
            'coalesce(calls.ivr_seconds, 0) + coalesce(calls.queue_seconds, 0) + coalesce(calls.ring_seconds, 0)'
            ~ ' + coalesce(calls.talk_seconds, 0) + coalesce(calls.hold_seconds, 0)'
        ) }} as part_ended_at
    from calls
    {{ join_value_map('calls', 'outcome') }}

),

rolled as (

    select
        call_id,
        min(platform) as platform,
        min(call_started_at) as call_started_at,
        max(part_ended_at) as ended_at,
        max({{ add_seconds('part_ended_at', 'acw_seconds') }}) filter (where agent_name is not null)
            as wrapped_up_at,
        min_by(campaign, part_number) filter (where campaign is not null) as campaign,
        min_by(customer_key, part_number) filter (where customer_key is not null) as customer_key,
        min_by(is_internal, part_number) as is_internal,
        min_by(is_outbound, part_number) as is_outbound,
        -- What the system sets where nobody answered says how the call ended, not what it was about.
        max_by(disposition, part_number) filter (where agent_name is not null and disposition is not null)
            as agent_disposition,
        bool_or(coalesce(said_outcome = 'self_served', false)) as is_self_served,
        bool_or(coalesce(said_outcome = 'test', false)) as is_test,
        sum(ivr_seconds) as ivr_seconds,
        cast(sum(holds_count) as bigint) as holds_count,
        max(updated_at) as updated_at,
        min_by(source_file, part_number) as source_file,
        min_by(source_row, part_number) as source_row
    from numbered
    group by call_id

),

joined as (

    select
        'five9:' || rolled.call_id as contact_id,
        rolled.platform,
        rolled.campaign as native_client,
        rolled.campaign as native_site,
        folded.native_queue,
        'voice' as native_channel,
        case
            when rolled.is_internal then 'internal'
            when rolled.is_outbound then 'outbound'
            else 'inbound'
        end as direction,
        case when not rolled.is_test then rolled.agent_disposition end as native_contact_type,
        rolled.customer_key,
        cast(null as {{ dbt.type_string() }}) as language,
        rolled.call_started_at as arrived_at,
        folded.queued_at,
        folded.answered_at,
        rolled.ended_at,
        case when folded.answered_at is not null then rolled.wrapped_up_at end as wrapped_up_at,
        case
            when folded.outcome is not null then folded.outcome
            when rolled.is_self_served then 'self_served'
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
        rolled.holds_count,
        rolled.is_test,
        cast(null as boolean) as is_resolved,
        cast(null as decimal(4, 3)) as sentiment,
        rolled.updated_at,
        rolled.source_file,
        rolled.source_row
    from rolled
    left join folded
        on 'five9:' || rolled.call_id = folded.contact_id

)

select * from joined
