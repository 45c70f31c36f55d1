with

contacts as (

    select * from {{ ref('agg_contacts_daily') }}
    where channel = 'voice'

),

kpis as (

    select * from {{ ref('dim_kpi') }}

),

targets as (

    select * from {{ ref('fct_targets_in_force') }}

),

weights as (

    select * from {{ ref('call_performance_weights') }}

),

cells as (

    select
        day,
        client,
        site,
        queue,
        channel,
        cast(sum(offered_count) as decimal(9, 0)) as offered_count,
        bool_and(is_final) as is_final
    from contacts
    group by day, client, site, queue, channel

),

parts as (
    {% for kpi in ['handle_time', 'speed_of_answer', 'service_level', 'abandonment_rate'] %}
    select * from {{ ref('kpi_' ~ kpi) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

measured as (

    select
        day,
        client,
        site,
        queue,
        channel,
        kpi_id,
        {{ ratio('sum(numerator)', 'sum(denominator)') }} as value
    from parts
    group by day, client, site, queue, channel, kpi_id

),

-- a client's own weight before the one for any
weight_candidates as (

    select
        measured.day,
        measured.client,
        measured.site,
        measured.queue,
        measured.channel,
        measured.kpi_id,
        measured.value,
        weights.weight,
        row_number() over (
            partition by
                measured.day,
                measured.client,
                measured.site,
                measured.queue,
                measured.channel,
                measured.kpi_id
            order by
                case when weights.client is null then 0 else 1 end desc nulls last,
                weights.valid_from desc nulls last
        ) as preference
    from measured
    inner join weights
        on
            measured.kpi_id = weights.kpi_id
            and (weights.client is null or measured.client = weights.client)
            and measured.day >= weights.valid_from
            and (weights.valid_to is null or measured.day < weights.valid_to)

),

targeted as (

    select
        weight_candidates.day,
        weight_candidates.client,
        weight_candidates.site,
        weight_candidates.queue,
        weight_candidates.channel,
        weight_candidates.weight,
        weight_candidates.value,
        kpis.better,
        cast(targets.target as double) as target
    from weight_candidates
    inner join kpis
        on weight_candidates.kpi_id = kpis.kpi_id
    inner join targets
        on
            weight_candidates.day = targets.day
            and weight_candidates.kpi_id = targets.kpi_id
            and weight_candidates.client = targets.client
            and weight_candidates.queue = targets.queue
            and weight_candidates.channel = targets.channel
    where weight_candidates.preference = 1

),

-- how much of its target each KPI reaches, 0 to 100: more than the target earns no more
attained as (

    select
        *,
        cast(case
            when value is null then null
            when better = 'up' and value >= target then 100
            when better = 'up' then 100 * value / nullif(target, 0)
            when better = 'down' and value <= target then 100
            when better = 'down' then 100 * target / nullif(value, 0)
            when better = 'target' and value = target then 100
            when better = 'target' then 100 * greatest(0, 1 - abs(value - target) / nullif(target, 0))
        end as decimal(18, 6)) as attainment
    from targeted

),

weighed as (

    select
        day,
        client,
        site,
        queue,
        channel,
        cast(sum(weight * attainment) as decimal(18, 6)) as attainment,
        cast(sum(weight) as decimal(18, 6)) as weight
    from attained
    where attainment is not null
    group by day, client, site, queue, channel

),

-- weighed by contacts, so that a roll-up over queues is no mean of their means
measured_cells as (

    select
        cells.day,
        cells.client,
        cells.site,
        cells.queue,
        cells.channel,
        cast(null as {{ dbt.type_string() }}) as contact_type,
        cast(cells.offered_count * coalesce(weighed.attainment, 0) as decimal(28, 6)) as numerator,
        cast(cells.offered_count * coalesce(weighed.weight, 0) as decimal(28, 6)) as denominator,
        cells.is_final
    from cells
    left join weighed
        on
            cells.day = weighed.day
            and cells.client = weighed.client
            and cells.site = weighed.site
            and cells.queue = weighed.queue
            and cells.channel = weighed.channel
    where cells.offered_count > 0

)

{{ kpi_row('call_performance_index', 'measured_cells') }}
