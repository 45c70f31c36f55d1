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

value_maps as (

    select * from {{ ref('int_value_maps__unioned') }}

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
    left join value_maps as site_map
        on
            unioned.platform = site_map.platform
            and site_map.field = 'site'
            and lower(trim(unioned.native_site)) = site_map.native_value

)

select * from mapped
