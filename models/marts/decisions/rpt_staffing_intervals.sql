with

queues as (

    select * from {{ ref('rpt_staffing_queues') }}

),

staffed as (

    select * from {{ ref('calc_staffed_agents__summed') }}

),

pay_rates as (

    select * from {{ ref('calc_pay_rates__resolved') }}

),

thresholds as (

    select * from {{ ref('thresholds') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

needed as (

    select
        interval_start_at,
        site,
        sum(offered_count) as offered_count,
        sum(case when needed_agents is null then offered_count end) as unplanned_offered_count,
        sum(load_erlangs) as load_erlangs,
        sum(case when is_synchronous then needed_agents end) as needed_live_agents,
        sum(case when is_synchronous then 0 else needed_agents end) as needed_deferred_agents,
        sum(needed_with_shrinkage_agents) as needed_with_shrinkage_agents,
        sum(cast(offered_count * expected_service_level as decimal(28, 9))) as expected_in_target_count,
        sum(case when expected_service_level is not null then offered_count end)
            as expected_offered_count,
        sum(case when is_synchronous then answered_in_target_count end) as answered_in_target_count,
        sum(case when is_synchronous then service_level_base_count end) as service_level_base_count
    from queues
    group by interval_start_at, site

),

staffed_and_over as (

    select staffed.*
    from staffed
    cross join runs
    where staffed.interval_start_at + interval '15' minute <= runs.as_of

),

keyed as (

    select
        interval_start_at,
        site
    from needed
    union
    select
        interval_start_at,
        site
    from staffed_and_over

),

combined as (

    select
        keyed.interval_start_at,
        {{ utc_to_local('keyed.interval_start_at', 'sites.zone') }} as interval_start_local_at,
        keyed.site,
        coalesce(needed.offered_count, 0) as offered_count,
        coalesce(needed.unplanned_offered_count, 0) as unplanned_offered_count,
        cast(coalesce(needed.load_erlangs, 0) as decimal(18, 6)) as load_erlangs,
        cast(coalesce(needed.needed_live_agents, 0) as decimal(18, 6)) as needed_live_agents,
        cast(coalesce(needed.needed_deferred_agents, 0) as decimal(18, 6)) as needed_deferred_agents,
        cast(coalesce(needed.needed_with_shrinkage_agents, 0) as decimal(18, 6))
            as needed_with_shrinkage_agents,
        cast(coalesce(staffed_and_over.staffed_seen_seconds, 0) / 900.0 as decimal(18, 6))
            as staffed_seen_agents,
        cast(coalesce(staffed_and_over.staffed_scheduled_seconds, 0) / 900.0 as decimal(18, 6))
            as staffed_scheduled_agents,
        {{ ratio('needed.expected_in_target_count', 'needed.expected_offered_count') }}
            as expected_service_level,
        coalesce(needed.answered_in_target_count, 0) as answered_in_target_count,
        coalesce(needed.service_level_base_count, 0) as service_level_base_count,
        sites.zone
    from keyed
    left join needed
        on
            keyed.interval_start_at = needed.interval_start_at
            and keyed.site = needed.site
    left join staffed_and_over
        on
            keyed.interval_start_at = staffed_and_over.interval_start_at
            and keyed.site = staffed_and_over.site
    inner join sites
        on keyed.site = sites.site

),

compared as (

    select
        *,
        cast(interval_start_local_at as date) as day,
        {{ month_of('interval_start_local_at') }} as month,
        cast(needed_live_agents + needed_deferred_agents as decimal(18, 6)) as needed_agents,
        cast(staffed_seen_agents + staffed_scheduled_agents as decimal(18, 6)) as staffed_agents,
        cast(
            staffed_seen_agents + staffed_scheduled_agents - needed_live_agents - needed_deferred_agents
            as decimal(18, 6)
        ) as gap_agents
    from combined

),

days as (

    select distinct day
    from compared

),

-- a site has queues of many clients: only what holds for all of them can hold for it
tolerances as (

    select
        days.day,
        max_by(thresholds.value, thresholds.valid_from) filter (
            where thresholds.threshold = 'staffing_tolerance_agents'
        ) as tolerance_agents,
        max_by(thresholds.value, thresholds.valid_from) filter (
            where thresholds.threshold = 'staffing_tolerance_share'
        ) as tolerance_share
    from days
    inner join thresholds
        on
            thresholds.client is null
            and thresholds.queue is null
            and thresholds.channel is null
            and days.day >= thresholds.valid_from
            and (thresholds.valid_to is null or days.day < thresholds.valid_to)
    group by days.day

),

judged as (

    select
        compared.interval_start_at,
        compared.interval_start_local_at,
        compared.day,
        substr(cast(compared.interval_start_local_at as {{ dbt.type_string() }}), 12, 5) as local_time,
        compared.site,
        cast(compared.offered_count as bigint) as offered_count,
        cast(compared.unplanned_offered_count as bigint) as unplanned_offered_count,
        compared.load_erlangs,
        compared.needed_live_agents,
        compared.needed_deferred_agents,
        compared.needed_agents,
        compared.needed_with_shrinkage_agents,
        compared.staffed_seen_agents,
        compared.staffed_scheduled_agents,
        compared.staffed_agents,
        compared.gap_agents,
        case
            when compared.unplanned_offered_count > 0 then 'unknown'
            when
                abs(compared.gap_agents)
                <= greatest(tolerances.tolerance_agents, tolerances.tolerance_share * compared.needed_agents)
                then 'balanced'
            when compared.gap_agents < 0 then 'understaffed'
            when compared.gap_agents > 0 then 'overstaffed'
        end as status,
        pay_rates.pay_month,
        pay_rates.hourly_pay_amount,
        cast(compared.gap_agents * pay_rates.hourly_pay_amount / 4.0 as decimal(18, 6)) as gap_cost_amount,
        '{{ var("reporting_currency") }}' as reporting_currency,
        {{ ratio('compared.load_erlangs', 'compared.staffed_agents') }} as expected_occupancy,
        compared.expected_service_level,
        cast(compared.answered_in_target_count as bigint) as answered_in_target_count,
        cast(compared.service_level_base_count as bigint) as service_level_base_count,
        compared.day < cast({{ utc_to_local('runs.as_of', 'compared.zone') }} as date) as is_final
    from compared
    cross join runs
    left join tolerances
        on compared.day = tolerances.day
    left join pay_rates
        on
            compared.month = pay_rates.month
            and compared.site = pay_rates.site

)

select * from judged
