{{ tracked_union('operating_costs', 'cost_id') }}
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
    ], 'cost_id') }}

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
    {{ join_value_map('unioned', 'site') }}
    {{ join_value_map('unioned', 'client') }}
    {{ join_value_map('unioned', 'channel') }}

)

select * from mapped
