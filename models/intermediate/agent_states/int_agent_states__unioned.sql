{{ tracked_union('agent_states', ['agent_id', 'started_at']) }}
with

unioned as (
    {{ unioned('agent_states', [
        'agent_id',
        'platform',
        'native_state',
        'started_at',
        'ended_at',
        'contact_id',
        'updated_at',
        'source_file',
        'source_row',
    ], unit=['agent_id', 'started_at']) }}

),

mapped as (

    select
        unioned.agent_id,
        unioned.platform,
        unioned.native_state,
        unioned.started_at,
        unioned.ended_at,
        unioned.contact_id,
        unioned.updated_at,
        unioned.source_file,
        unioned.source_row,
        case when unioned.native_state is not null then coalesce(state_map.slug, 'unmapped') end as state
    from unioned
    {{ join_value_map('unioned', 'state') }}

)

select * from mapped
