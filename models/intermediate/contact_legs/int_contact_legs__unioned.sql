{{ tracked_union('contact_legs', 'contact_id') }}
with

unioned as (
    {{ unioned('contact_legs', [
        'leg_id',
        'contact_id',
        'platform',
        'leg_number',
        'native_queue',
        'agent_id',
        'queued_at',
        'answered_at',
        'ended_at',
        'wait_seconds',
        'talk_seconds',
        'hold_seconds',
        'acw_seconds',
        'exit',
        'is_callback',
        'updated_at',
        'source_file',
        'source_row',
    ], 'contact_id') }}

),

mapped as (

    select
        unioned.leg_id,
        unioned.contact_id,
        unioned.platform,
        unioned.leg_number,
        unioned.native_queue,
        unioned.agent_id,
        unioned.queued_at,
        unioned.answered_at,
        unioned.ended_at,
        unioned.wait_seconds,
        unioned.talk_seconds,
        unioned.hold_seconds,
        unioned.acw_seconds,
        unioned.exit,
        unioned.is_callback,
        unioned.updated_at,
        unioned.source_file,
        unioned.source_row,
        case when unioned.native_queue is not null then coalesce(queue_map.slug, 'unmapped') end as queue
    from unioned
    {{ join_value_map('unioned', 'queue') }}

)

select * from mapped
