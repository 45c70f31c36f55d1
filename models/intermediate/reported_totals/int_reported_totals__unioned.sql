{{ tracked_union('reported_totals', 'total_id') }}
with

unioned as (
    {{ unioned('reported_totals', [
        'total_id',
        'platform',
        'grain',
        'period_start_date',
        'period_end_date',
        'native_client',
        'native_site',
        'native_queue',
        'native_channel',
        'direction',
        'abandons_counted',
        'offered_count',
        'answered_count',
        'abandoned_count',
        'short_abandon_count',
        'callback_requested_count',
        'diverted_count',
        'answered_in_target_count',
        'target_seconds',
        'transferred_count',
        'wait_seconds',
        'talk_seconds',
        'hold_seconds',
        'acw_seconds',
        'handle_seconds',
        'updated_at',
        'source_file',
        'source_row',
    ], 'total_id') }}

),

queues as (

    select * from {{ ref('queues') }}

),

mapped as (

    select
        unioned.*,
        case when unioned.native_queue is not null then coalesce(queue_map.slug, 'unmapped') end as queue,
        coalesce(queues.client, client_map.slug, 'unmapped') as client,
        coalesce(queues.site, site_map.slug, 'unmapped') as site,
        coalesce(channel_map.slug, 'unmapped') as channel
    from unioned
    {{ join_value_map('unioned', 'queue') }}
    {{ join_value_map('unioned', 'client') }}
    {{ join_value_map('unioned', 'site') }}
    {{ join_value_map('unioned', 'channel') }}
    left join queues
        on queue_map.slug = queues.queue

)

select * from mapped
