{{ tracked_whole('cost_id') }}
with

costs as (

    select * from {{ ref('int_operating_costs__unioned') }}

),

exchange_rates as (

    select * from {{ ref('exchange_rates') }}
    where reporting_currency = '{{ var("reporting_currency") }}'

),

converted as (

    select
        costs.cost_id,
        costs.platform,
        costs.month,
        costs.site,
        costs.client,
        costs.channel,
        costs.category,
        costs.currency,
        costs.amount,
        exchange_rates.rate as exchange_rate,
        '{{ var("reporting_currency") }}' as reporting_currency,
        cast(
            cast(costs.amount as decimal(22, 6)) * cast(exchange_rates.rate as decimal(14, 8))
            as decimal(18, 6)
        ) as reporting_amount,
        costs.updated_at,
        costs.source_file,
        costs.source_row
    from costs
    left join exchange_rates
        on
            costs.currency = exchange_rates.currency
            and costs.month >= exchange_rates.valid_from
            and (exchange_rates.valid_to is null or costs.month < exchange_rates.valid_to)

)

select * from converted
