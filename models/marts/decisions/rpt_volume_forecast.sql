with

forecasts as (

    select * from {{ ref('calc_volume_forecasts__computed') }}

),

backtests as (

    select * from {{ ref('rpt_forecast_backtests') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

localised as (

    select
        forecasts.*,
        {{ utc_to_local('forecasts.interval_start_at', 'sites.zone') }} as interval_start_local_at
    from forecasts
    inner join sites
        on forecasts.site = sites.site

),

explained as (

    select
        cast(localised.interval_start_at as timestamp) as interval_start_at,
        localised.interval_start_local_at,
        cast(localised.interval_start_local_at as date) as day,
        substr(cast(localised.interval_start_local_at as {{ dbt.type_string() }}), 12, 5) as local_time,
        localised.client,
        localised.site,
        localised.queue,
        localised.channel,
        cast(localised.expected_count as decimal(18, 6)) as expected_count,
        cast(round(localised.lower_count) as bigint) as lower_count,
        cast(round(localised.upper_count) as bigint) as upper_count,
        cast(localised.day_expected_count as decimal(18, 6)) as day_expected_count,
        cast(round(localised.day_lower_count) as bigint) as day_lower_count,
        cast(round(localised.day_upper_count) as bigint) as day_upper_count,
        backtests.model,
        backtests.model_reason,
        backtests.history_days_count,
        backtests.heldout_days_count,
        backtests.interval_wape,
        backtests.naive_interval_wape,
        backtests.day_wape,
        backtests.naive_day_wape
    from localised
    inner join backtests
        on
            localised.client = backtests.client
            and localised.site = backtests.site
            and localised.queue = backtests.queue
            and localised.channel = backtests.channel

)

select * from explained
