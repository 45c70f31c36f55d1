with

loads as (

    select * from {{ ref('calc_staffing_loads__measured') }}

),

needs as (

    select * from {{ ref('calc_staffing_needs__computed') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

queues as (

    select
        loads.interval_start_at,
        loads.interval_start_local_at,
        loads.day,
        loads.client,
        loads.site,
        loads.queue,
        loads.channel,
        loads.is_synchronous,
        loads.offered_count,
        loads.handle_seconds,
        loads.handle_time_basis,
        loads.concurrent_contacts,
        cast(loads.work_seconds / 900.0 as decimal(18, 6)) as load_erlangs,
        cast(needs.needed_agents as decimal(18, 6)) as needed_agents,
        cast(needs.needed_agents / nullif(1 - loads.shrinkage, 0) as decimal(18, 6))
            as needed_with_shrinkage_agents,
        loads.service_level_seconds,
        cast(loads.service_level_target as double) as service_level_target,
        cast(needs.expected_service_level as double) as expected_service_level,
        loads.answered_in_target_count,
        loads.service_level_base_count,
        loads.day < cast({{ utc_to_local('runs.as_of', 'sites.zone') }} as date) as is_final
    from loads
    inner join needs
        on
            loads.interval_start_at = needs.interval_start_at
            and loads.client = needs.client
            and loads.site = needs.site
            and loads.queue = needs.queue
            and loads.channel = needs.channel
    inner join sites
        on loads.site = sites.site
    cross join runs

)

select * from queues
