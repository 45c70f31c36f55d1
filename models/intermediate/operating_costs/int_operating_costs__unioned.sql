with

unioned as (
    {{ unioned('operating_costs', [
        'cost_id',
        'platform',
        'month',
        'native_site',
        'native_client',
        'native_channel',
        'category',
        'amount',
        'currency',
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
        unioned.cost_id,
        unioned.platform,
        unioned.month,
        unioned.native_site,
        unioned.native_client,
        unioned.native_channel,
        unioned.category,
        unioned.amount,
        unioned.currency,
        unioned.updated_at,
        unioned.source_file,
        unioned.source_row,
        case when unioned.native_site is not null then coalesce(site_map.slug, 'unmapped') end as site,
        case when unioned.native_client is not null then coalesce(client_map.slug, 'unmapped') end as client,
        case
            when unioned.native_channel is not null then coalesce(channel_map.slug, 'unmapped')
        end as channel
    from unioned
    left join value_maps as site_map
        on
            unioned.platform = site_map.platform
            and site_map.field = 'site'
            and lower(trim(unioned.native_site)) = site_map.native_value
    left join value_maps as client_map
        on
            unioned.platform = client_map.platform
            and client_map.field = 'client'
            and lower(trim(unioned.native_client)) = client_map.native_value
    left join value_maps as channel_map
        on
            unioned.platform = channel_map.platform
            and channel_map.field = 'channel'
            and lower(trim(unioned.native_channel)) = channel_map.native_value

)

select * from mapped
