{{ tracked('cost_id', by={'stg_template__operating_costs': 'cost_id'}) }}
with

costs as (

    select * from {{ ref('stg_template__operating_costs') }}
    where
        record_status = 'current'
        and {{ only_touched('cost_id') }}

),

contracted as (

    select
        cost_id,
        'template' as platform,
        month,
        site as native_site,
        client as native_client,
        channel as native_channel,
        category,
        amount,
        currency,
        updated_at,
        source_file,
        source_row
    from costs

)

select * from contracted
