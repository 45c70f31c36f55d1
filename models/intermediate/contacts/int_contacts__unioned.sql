{{ tracked_union('contacts', 'contact_id') }}
with

contacts as (
    {{ unioned('contacts', [
        'contact_id',
        'platform',
        'native_client',
        'native_site',
        'native_queue',
        'native_channel',
        'direction',
        'native_contact_type',
        'customer_key',
        'language',
        'arrived_at',
        'queued_at',
        'answered_at',
        'ended_at',
        'wrapped_up_at',
        'outcome',
        'ivr_seconds',
        'wait_seconds',
        'talk_seconds',
        'hold_seconds',
        'acw_seconds',
        'first_agent_id',
        'agents_count',
        'queues_count',
        'transfers_count',
        'holds_count',
        'is_test',
        'is_resolved',
        'sentiment',
        'updated_at',
        'source_file',
        'source_row',
    ], 'contact_id') }}

),

queues as (

    select * from {{ ref('queues') }}

),

mapped as (

    select
        contacts.contact_id,
        contacts.platform,
        contacts.native_client,
        contacts.native_site,
        contacts.native_queue,
        case when contacts.native_queue is not null then coalesce(queue_map.slug, 'unmapped') end as queue,
        coalesce(queues.client, client_map.slug, 'unmapped') as client,
        coalesce(queues.site, site_map.slug, 'unmapped') as site,
        contacts.native_channel,
        coalesce(channel_map.slug, 'unmapped') as channel,
        contacts.direction,
        contacts.native_contact_type,
        coalesce(contact_type_map.slug, 'unclassified') as contact_type,
        contacts.customer_key,
        contacts.language,
        contacts.arrived_at,
        contacts.queued_at,
        contacts.answered_at,
        contacts.ended_at,
        contacts.wrapped_up_at,
        contacts.outcome,
        contacts.ivr_seconds,
        contacts.wait_seconds,
        contacts.talk_seconds,
        contacts.hold_seconds,
        contacts.acw_seconds,
        contacts.first_agent_id,
        contacts.agents_count,
        contacts.queues_count,
        contacts.transfers_count,
        contacts.holds_count,
        contacts.is_test,
        contacts.is_resolved,
        contacts.sentiment,
        contacts.updated_at,
        contacts.source_file,
        contacts.source_row
    from contacts
    {{ join_value_map('contacts', 'queue') }}
    {{ join_value_map('contacts', 'channel') }}
    {{ join_value_map('contacts', 'contact_type') }}
    {{ join_value_map('contacts', 'client') }}
    {{ join_value_map('contacts', 'site') }}
    left join queues
        on queue_map.slug = queues.queue

)

select * from mapped
