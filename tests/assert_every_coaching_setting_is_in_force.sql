-- without one of them agents would be judged by no rule, or not at all
with

required as (

    select 'coaching_window_days' as threshold
    union all
    select 'coaching_band_hours' as threshold
    union all
    select 'coaching_minimum_others' as threshold
    union all
    select 'coaching_minimum_n' as threshold
    union all
    select 'coaching_z' as threshold

),

in_force as (

    select thresholds.threshold
    from {{ ref('thresholds') }} as thresholds
    cross join {{ ref('int_runs__resolved') }} as runs
    where
        thresholds.client is null
        and thresholds.queue is null
        and thresholds.channel is null
        and thresholds.value > 0
        and thresholds.valid_from <= cast(runs.as_of as date)
        and (thresholds.valid_to is null or cast(runs.as_of as date) < thresholds.valid_to)

)

select required.threshold
from required
left join in_force
    on required.threshold = in_force.threshold
where in_force.threshold is null
