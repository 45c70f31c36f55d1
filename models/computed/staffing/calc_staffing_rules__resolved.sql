{%- set names = [
    'service_level_seconds',
    'concurrent_contacts',
    'planned_handle_seconds',
    'handle_time_sample_count',
    'maximum_occupancy',
    'minimum_agents',
    'shrinkage',
] -%}
with

intervals as (

    select * from {{ ref('agg_queue_intervals') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

sites as (

    select * from {{ ref('dim_site') }}

),

runs as (

    select * from {{ ref('int_runs__resolved') }}

),

thresholds as (

    select * from {{ ref('thresholds') }}

),

targets as (

    select * from {{ ref('targets') }}

),

queues as (

    select
        intervals.client,
        intervals.site,
        intervals.queue,
        intervals.channel,
        min(intervals.day) as first_day,
        cast({{ utc_to_local('max(runs.as_of)', 'max(sites.zone)') }} as date) as last_day
    from intervals
    inner join sites
        on intervals.site = sites.site
    cross join runs
    group by intervals.client, intervals.site, intervals.queue, intervals.channel

),

-- from a queue's first contact on, whether anybody comes that day or not
scopes as (

    select
        queues.client,
        queues.site,
        queues.queue,
        queues.channel,
        dates.day
    from queues
    inner join dates
        on dates.day between queues.first_day and queues.last_day

),

thresholds_in_force as (

    {{ in_force('scopes', 'thresholds', 'threshold', 'value', names) }}

),

targets_in_force as (

    {{ in_force('scopes', 'targets', 'kpi_id', 'target', ['service_level', 'occupancy']) }}

),

resolved as (

    select
        scopes.day,
        scopes.client,
        scopes.site,
        scopes.queue,
        scopes.channel,
        {%- for name in names %}
        thresholds_in_force.{{ name }},
        {%- endfor %}
        targets_in_force.service_level as service_level_target,
        targets_in_force.occupancy as occupancy_target
    from scopes
    left join thresholds_in_force
        on
            scopes.client = thresholds_in_force.client
            and scopes.queue = thresholds_in_force.queue
            and scopes.channel = thresholds_in_force.channel
            and scopes.day = thresholds_in_force.day
    left join targets_in_force
        on
            scopes.client = targets_in_force.client
            and scopes.queue = targets_in_force.queue
            and scopes.channel = targets_in_force.channel
            and scopes.day = targets_in_force.day

)

select * from resolved
