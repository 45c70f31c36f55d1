with

unioned as (
    {{ unioned('agents', [
        'agent_id',
        'platform',
        'name',
        'team',
        'supervisor',
        'native_site',
        'updated_at',
        'source_file',
        'source_row',
    ]) }}

),

mapped as (

    select
        unioned.agent_id,
        unioned.platform,
        unioned.name,
        unioned.team,
        unioned.supervisor,
        unioned.native_site,
        unioned.updated_at,
        unioned.source_file,
        unioned.source_row,
        case when unioned.native_site is not null then coalesce(site_map.slug, 'unmapped') end as site
    from unioned
    {{ join_value_map('unioned', 'site') }}

)

select * from mapped
