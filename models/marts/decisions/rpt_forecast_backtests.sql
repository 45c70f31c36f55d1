with

backtests as (

    select * from {{ ref('calc_volume_backtests__computed') }}

),

divided as (

    select
        client,
        site,
        queue,
        channel,
        model,
        nullif(model_reason, '') as model_reason,
        history_days_count,
        heldout_days_count,
        cast(heldout_contacts_count as decimal(18, 6)) as heldout_contacts_count,
        cast(interval_error_count as decimal(18, 6)) as interval_error_count,
        cast(day_error_count as decimal(18, 6)) as day_error_count,
        cast(naive_interval_error_count as decimal(18, 6)) as naive_interval_error_count,
        cast(naive_day_error_count as decimal(18, 6)) as naive_day_error_count,
        covered_intervals_count,
        heldout_intervals_count,
        {{ ratio('interval_error_count', 'heldout_contacts_count') }} as interval_wape,
        {{ ratio('naive_interval_error_count', 'heldout_contacts_count') }} as naive_interval_wape,
        {{ ratio('day_error_count', 'heldout_contacts_count') }} as day_wape,
        {{ ratio('naive_day_error_count', 'heldout_contacts_count') }} as naive_day_wape,
        {{ ratio('covered_intervals_count', 'heldout_intervals_count') }} as bounds_coverage
    from backtests

)

select * from divided
