with

cells as (

    select * from {{ ref('kpi_sla_cells') }}

),

contracts as (

    select
        client,
        coalesce(service_type, 'all') as service_type,
        kpi_id,
        valid_from,
        valid_to,
        target
    from {{ ref('contract_targets') }}

),

kpis as (

    select * from {{ ref('dim_kpi') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

runs as (

    select cast(as_of as date) as as_of_date from {{ ref('int_runs__resolved') }}

),

months as (

    select
        month_start_date,
        max(day) as month_end_date
    from dates
    group by month_start_date

),

-- a client is reported on from its first figure on
started as (

    select
        client,
        min(day) as first_day
    from cells
    group by client

),

-- each month of a contract, cut where its target changed; a running month ends at as_of
-- (least passes over null: a contract without an end)
stretches as (

    select
        months.month_start_date as month,
        contracts.client,
        contracts.service_type,
        contracts.kpi_id,
        contracts.target,
        greatest(contracts.valid_from, months.month_start_date) as period_start_date,
        least(
            {{ add_days('contracts.valid_to', -1) }},
            months.month_end_date,
            runs.as_of_date
        ) as period_end_date,
        runs.as_of_date
    from contracts
    cross join runs
    inner join months
        on
            contracts.valid_from <= months.month_end_date
            and (contracts.valid_to is null or contracts.valid_to > months.month_start_date)
    inner join started
        on
            contracts.client = started.client
            and months.month_end_date >= started.first_day
    where greatest(contracts.valid_from, months.month_start_date) <= runs.as_of_date

),

placed as (

    select
        stretches.client,
        stretches.service_type,
        stretches.kpi_id,
        stretches.period_start_date,
        cells.day,
        cells.numerator,
        cells.denominator,
        cells.value,
        cells.is_met,
        cells.is_final,
        row_number() over (
            partition by
                stretches.client,
                stretches.service_type,
                stretches.kpi_id,
                stretches.period_start_date
            order by
                case cells.better when 'up' then cells.value else -cells.value end nulls last,
                cells.day nulls last
        ) as badness
    from stretches
    inner join cells
        on
            stretches.client = cells.client
            and stretches.service_type = cells.service_type
            and stretches.kpi_id = cells.kpi_id
            and cells.day between stretches.period_start_date and stretches.period_end_date

),

summed as (

    select
        client,
        service_type,
        kpi_id,
        period_start_date,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        count(value) as days_with_data_count,
        count(*) filter (where is_met) as days_met_count,
        max(case when badness = 1 and value is not null then day end) as worst_day,
        max(case when badness = 1 then value end) as worst_day_value,
        bool_and(is_final) as is_final
    from placed
    group by client, service_type, kpi_id, period_start_date

),

judged as (

    select
        stretches.month,
        stretches.client,
        stretches.service_type,
        stretches.kpi_id,
        kpis.name_en as kpi_name,
        kpis.unit,
        kpis.better,
        stretches.period_start_date,
        stretches.period_end_date,
        cast(coalesce(summed.numerator, 0) as decimal(28, 6)) as numerator,
        cast(coalesce(summed.denominator, 0) as decimal(28, 6)) as denominator,
        {{ ratio('summed.numerator', 'summed.denominator') }} as value,
        cast(stretches.target as double) as target,
        {{ is_promise_kept('kpis.better', 'summed.numerator', 'summed.denominator', 'stretches.target') }}
            as is_attained,
        coalesce(summed.days_with_data_count, 0) as days_with_data_count,
        coalesce(summed.days_met_count, 0) as days_met_count,
        summed.worst_day,
        summed.worst_day_value,
        stretches.period_end_date < stretches.as_of_date and coalesce(summed.is_final, true) as is_final
    from stretches
    inner join kpis
        on stretches.kpi_id = kpis.kpi_id
    left join summed
        on
            stretches.client = summed.client
            and stretches.service_type = summed.service_type
            and stretches.kpi_id = summed.kpi_id
            and stretches.period_start_date = summed.period_start_date

),

report as (

    select
        month,
        client,
        service_type,
        kpi_id,
        kpi_name,
        unit,
        better,
        period_start_date,
        period_end_date,
        numerator,
        denominator,
        value,
        target,
        is_attained,
        case better when 'up' then value - target else target - value end as margin,
        days_with_data_count,
        days_met_count,
        worst_day,
        worst_day_value,
        is_final
    from judged

)

select * from report
