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
    ]) }}

),

value_maps as (

    select * from {{ ref('int_value_maps__unioned') }}

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
    left join value_maps as activity_map
        on
            unioned.platform = activity_map.platform
            and activity_map.field = 'activity'
            and lower(trim(unioned.native_activity)) = activity_map.native_value

)

select * from mapped
