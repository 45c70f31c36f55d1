{{ tracked_union('agent_shifts', ['agent_id', 'started_at']) }}
with

unioned as (
    {{ unioned('agent_shifts', [
        'agent_id',
        'platform',
        'native_activity',
        'started_at',
        'ended_at',
        'is_paid',
        'updated_at',
        'source_file',
        'source_row',
    ], unit=['agent_id', 'started_at']) }}

),

mapped as (

    select
        unioned.agent_id,
        unioned.platform,
        unioned.native_activity,
        unioned.started_at,
        unioned.ended_at,
        unioned.is_paid,
        unioned.updated_at,
        unioned.source_file,
        unioned.source_row,
        case
            when unioned.native_activity is not null then coalesce(activity_map.slug, 'unmapped')
        end as activity
    from unioned
    {{ join_value_map('unioned', 'activity') }}

)

select * from mapped
