{{ tracked(
    'contact_id',
    by={
        'int_contact_legs__zendesk': 'contact_id',
        'stg_zendesk__tickets': "'zendesk:ticket-' || ticket_id",
        'stg_zendesk__talk_calls': "'zendesk:call-' || call_id",
    },
    also=[
        "select 'zendesk:call-' || call_id from " ~ ref('stg_zendesk__talk_calls')
        ~ ' where ticket_id in (select ticket_id from ' ~ changes('stg_zendesk__tickets') ~ ')',
    ],
) }}
with

tickets as (

    select * from {{ ref('stg_zendesk__tickets') }}
    where record_status = 'current'

),

calls as (

    select
        *,
        {{ add_seconds('created_at', 'duration_seconds') }} as hung_up_at
    from {{ ref('stg_zendesk__talk_calls') }}
    where
        record_status = 'current'
        and {{ only_touched("'zendesk:call-' || call_id") }}

),

legs as (

    select * from {{ ref('int_contact_legs__zendesk') }}
    where {{ only_touched('contact_id') }}

),

folded as (

    {{ fold_legs('legs') }}

),

wrapped_up as (

    select
        contact_id,
        max({{ add_seconds('ended_at', 'acw_seconds') }}) as wrapped_up_at
    from legs
    group by contact_id

),

tagged_tickets as (

    select
        *,
        contains(' ' || coalesce(tags, '') || ' ', ' vitals_test ') as is_test,
        case
            when
                coalesce(status, 'open') in ('solved', 'closed')
                and not contains(' ' || coalesce(tags, '') || ' ', ' closed_by_merge ')
                then true
        end as is_resolved
    from tickets

),

-- every ticket that is a contact has a leg; the others are merged, deleted, made by a rule, or a call's
ticket_contacts as (

    select
        folded.contact_id,
        tagged_tickets.brand_id as native_client,
        tagged_tickets.group_id as native_queue,
        case
            when coalesce(tagged_tickets.via_channel, 'unknown') in ('voice', 'phone') then 'voice'
            else tagged_tickets.via_channel
        end as native_channel,
        case
            when not coalesce(tagged_tickets.is_public, true) then 'internal'
            when tagged_tickets.submitter_id <> tagged_tickets.requester_id then 'outbound'
            else 'inbound'
        end as direction,
        tagged_tickets.contact_type as native_contact_type,
        tagged_tickets.customer_key,
        tagged_tickets.created_at as arrived_at,
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
        tagged_tickets.is_test,
        tagged_tickets.is_resolved,
        folded.updated_at,
        tagged_tickets.source_file,
        tagged_tickets.source_row
    from tagged_tickets
    inner join folded
        on 'zendesk:ticket-' || tagged_tickets.ticket_id = folded.contact_id

),

call_contacts as (

    select
        'zendesk:call-' || calls.call_id as contact_id,
        tagged_tickets.brand_id as native_client,
        coalesce(folded.native_queue, calls.group_id, tagged_tickets.group_id) as native_queue,
        'voice' as native_channel,
        case
            when coalesce(calls.is_callback, false) then 'inbound'
            else coalesce(calls.direction, 'inbound')
        end as direction,
        tagged_tickets.contact_type as native_contact_type,
        -- whom Zendesk takes the caller for tells more than the number, which several may use
        coalesce(calls.user_key, calls.phone_key) as customer_key,
        calls.created_at as arrived_at,
        folded.queued_at,
        folded.answered_at,
        case
            when calls.completion_status is not null
                then greatest(calls.hung_up_at, folded.ended_at)
        end as ended_at,
        case
            when wrapped_up.wrapped_up_at is not null
                then greatest(wrapped_up.wrapped_up_at, calls.hung_up_at)
        end as wrapped_up_at,
        coalesce(
            folded.outcome,
            case
                when calls.completion_status is null then 'open'
                -- who hung up in the IVR, or did not pick up when we called, was never in a queue
                when calls.completion_status <> 'completed' then 'abandoned_before_queue'
                when calls.direction = 'outbound' then 'abandoned_before_queue'
                else 'self_served'
            end
        ) as outcome,
        calls.ivr_seconds,
        folded.wait_seconds,
        -- the call's own sums: two agents on one call at the same time talk for one customer
        case when folded.answered_at is not null then coalesce(calls.talk_seconds, folded.talk_seconds) end
            as talk_seconds,
        case when folded.answered_at is not null then coalesce(calls.hold_seconds, folded.hold_seconds) end
            as hold_seconds,
        case when folded.answered_at is not null then coalesce(calls.acw_seconds, folded.acw_seconds) end
            as acw_seconds,
        folded.first_agent_id,
        coalesce(folded.agents_count, 0) as agents_count,
        coalesce(folded.queues_count, 0) as queues_count,
        coalesce(folded.transfers_count, 0) as transfers_count,
        coalesce(tagged_tickets.is_test, false) as is_test,
        tagged_tickets.is_resolved,
        greatest(calls.updated_at, folded.updated_at) as updated_at,
        calls.source_file,
        calls.source_row
    from calls
    left join tagged_tickets
        on calls.ticket_id = tagged_tickets.ticket_id
    left join folded
        on 'zendesk:call-' || calls.call_id = folded.contact_id
    left join wrapped_up
        on 'zendesk:call-' || calls.call_id = wrapped_up.contact_id

),

unioned as (

    select * from ticket_contacts
    union all
    select * from call_contacts

),

contracted as (

    select
        contact_id,
        'zendesk' as platform,
        native_client,
        cast(null as {{ dbt.type_string() }}) as native_site,
        native_queue,
        native_channel,
        direction,
        native_contact_type,
        customer_key,
        cast(null as {{ dbt.type_string() }}) as language,
        arrived_at,
        queued_at,
        answered_at,
        ended_at,
        wrapped_up_at,
        outcome,
        ivr_seconds,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        first_agent_id,
        agents_count,
        queues_count,
        transfers_count,
        cast(null as bigint) as holds_count,
        is_test,
        is_resolved,
        cast(null as decimal(4, 3)) as sentiment,
        updated_at,
        source_file,
        source_row
    from unioned

)

select * from contracted
