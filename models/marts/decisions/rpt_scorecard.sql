{%- set spark_days = 14 -%}
with

-- a reported week or month has figures and no day
kpi_values as (

    select
        kpi_id,
        day as first_day,
        day as last_day,
        client,
        channel,
        contact_type,
        numerator,
        denominator,
        is_final
    from {{ ref('kpi_values') }}
    union all
    select
        kpi_id,
        period_start_date as first_day,
        period_end_date as last_day,
        client,
        channel,
        cast(null as {{ dbt.type_string() }}) as contact_type,
        numerator,
        denominator,
        is_final
    from {{ ref('kpi_period_values') }}

),

kpis as (

    select * from {{ ref('dim_kpi') }}

),

targets as (

    select * from {{ ref('fct_targets_in_force') }}
    where
        queue = 'all'
        and channel = 'all'

),

runs as (

    select cast(as_of as date) as as_of_date from {{ ref('int_runs__resolved') }}

),

weeks_and_months as (

    select
        as_of_date,
        {{ add_days('as_of_date', '1 - ' ~ iso_weekday('as_of_date')) }} as week_start_date,
        {{ month_of('as_of_date') }} as month_start_date
    from runs

),

calendar as (

    select
        *,
        {{ add_days('as_of_date', -1) }} as yesterday_date,
        {{ month_of(add_days('month_start_date', -1)) }} as last_month_start_date
    from weeks_and_months

),

-- each with the period that it is compared with; of a running week or month the days that are over
dated as (
    {%- set periods = [
        ('today', 'as_of_date', 'as_of_date', add_days('as_of_date', -1), add_days('as_of_date', -1)),
        ('yesterday', 'yesterday_date', 'yesterday_date', add_days('as_of_date', -2), add_days('as_of_date', -2)),
        ('last_7_days', add_days('as_of_date', -7), 'yesterday_date', add_days('as_of_date', -14),
            add_days('as_of_date', -8)),
        ('last_28_days', add_days('as_of_date', -28), 'yesterday_date', add_days('as_of_date', -56),
            add_days('as_of_date', -29)),
        ('this_week', 'week_start_date', 'yesterday_date', add_days('week_start_date', -7),
            add_days('as_of_date', -8)),
        ('last_week', add_days('week_start_date', -7), add_days('week_start_date', -1),
            add_days('week_start_date', -14), add_days('week_start_date', -8)),
        ('this_month', 'month_start_date', 'yesterday_date', 'last_month_start_date',
            'least(' ~ add_days(
                'last_month_start_date', days_between('month_start_date', 'yesterday_date')
            ) ~ ', ' ~ add_days('month_start_date', -1) ~ ')'),
        ('last_month', 'last_month_start_date', add_days('month_start_date', -1),
            month_of(add_days('last_month_start_date', -1)),
            add_days('last_month_start_date', -1)),
    ] %}
    {% for period, first_day, last_day, previous_first_day, previous_last_day in periods %}
    select
        '{{ period }}' as period,
        {{ first_day }} as period_start_date,
        {{ last_day }} as period_end_date,
        {{ previous_first_day }} as previous_start_date,
        {{ previous_last_day }} as previous_end_date
    from calendar
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

-- on a Monday no day of the week is over yet, on the first none of the month
periods as (

    select
        *,
        {{ days_between('period_start_date', 'period_end_date') }} + 1 as days_count
    from dated
    where period_start_date <= period_end_date

),

channels as (

    select * from {{ ref('dim_channel') }}

),

-- seconds on the phone and hours in a mailbox have no common mean: such a KPI shows its synchronous channels
shown as (

    select kpi_values.*
    from kpi_values
    inner join kpis
        on kpi_values.kpi_id = kpis.kpi_id
    left join channels
        on kpi_values.channel = channels.channel
    where
        kpis.scorecard_channels = 'all'
        or channels.is_synchronous

),

-- every figure once for the whole centre and once for its client, where it has one
scoped as (

    select
        'all' as client,
        kpi_id,
        {{ kpi_member() }} as member,
        first_day,
        last_day,
        numerator,
        denominator,
        is_final
    from shown
    union all
    select
        client,
        kpi_id,
        {{ kpi_member() }} as member,
        first_day,
        last_day,
        numerator,
        denominator,
        is_final
    from shown
    where client is not null

),

figures as (

    select
        client,
        kpi_id,
        member,
        first_day,
        last_day,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        bool_and(is_final) as is_final
    from scoped
    group by client, kpi_id, member, first_day, last_day

),

-- days of a period, of the one it is compared with, and of its weekdays in the four weeks before
aligned as (

    select
        periods.period,
        periods.period_start_date,
        periods.period_end_date,
        periods.previous_start_date,
        figures.client,
        figures.kpi_id,
        figures.member,
        figures.first_day,
        figures.last_day,
        figures.numerator,
        figures.denominator,
        figures.is_final,
        {{ is_part_of('figures', 'periods.period_start_date', 'periods.period_end_date') }} as is_in_period,
        {{ is_part_of('figures', 'periods.previous_start_date', 'periods.previous_end_date') }}
            as is_in_previous_period,
        figures.first_day = figures.last_day
        and {{ days_between('figures.first_day', 'periods.period_start_date') }} between 1 and 28
        and (28 - {{ days_between('figures.first_day', 'periods.period_start_date') }}) % 7
        < periods.days_count
            as is_same_weekday
    from periods
    cross join figures

),

summed as (

    select
        period,
        period_start_date,
        period_end_date,
        previous_start_date,
        client,
        kpi_id,
        member,
        sum(numerator) filter (where is_in_period) as numerator,
        sum(denominator) filter (where is_in_period) as denominator,
        bool_and(is_final) filter (where is_in_period) as is_final,
        sum(numerator) filter (where is_in_previous_period) as previous_numerator,
        sum(denominator) filter (where is_in_previous_period) as previous_denominator,
        sum(numerator) filter (where is_same_weekday) as same_weekdays_numerator,
        sum(denominator) filter (where is_same_weekday) as same_weekdays_denominator
    from aligned
    group by period, period_start_date, period_end_date, previous_start_date, client, kpi_id, member

),

-- a comparison with days before the data begins would be one with fewer days
covered as (

    select
        period,
        client,
        min(first_day) filter (where first_day = last_day or is_in_period or is_in_previous_period)
            as first_day
    from aligned
    group by period, client

),

divided as (

    select
        summed.period,
        summed.period_start_date,
        summed.period_end_date,
        summed.client,
        summed.kpi_id,
        summed.member,
        kpis.name_en as kpi_name,
        kpis.unit,
        kpis.better,
        kpis.guard_kpi_id,
        kpis.second_guard_kpi_id,
        summed.numerator,
        summed.denominator,
        {{ ratio('summed.numerator', 'summed.denominator') }} as value,
        case
            when covered.first_day <= summed.previous_start_date
                then {{ ratio('summed.previous_numerator', 'summed.previous_denominator') }}
        end as previous_value,
        {{ ratio('summed.same_weekdays_numerator', 'summed.same_weekdays_denominator') }}
            as same_weekdays_value,
        coalesce(summed.is_final, false) as is_final
    from summed
    inner join kpis
        on summed.kpi_id = kpis.kpi_id
    inner join covered
        on
            summed.period = covered.period
            and summed.client = covered.client

),

-- as promised at the period's end, also where it was something else before
targeted as (

    select
        divided.*,
        cast(targets.target as double) as target,
        divided.value - divided.previous_value as change
    from divided
    left join targets
        on
            divided.period_end_date = targets.day
            and divided.kpi_id = targets.kpi_id
            and divided.client = targets.client

),

compared as (

    select
        *,
        {{ is_change_better('better', 'value', 'previous_value', 'target') }} as is_improved,
        {{ is_change_worse('better', 'value', 'previous_value', 'target') }} as is_worsened
    from targeted

),

-- a client's figure is guarded by the client's own: what the whole centre did says nothing about it
guarded as (

    select
        compared.*,
        guards.value as guard_value,
        guards.change as guard_change,
        second_guards.value as second_guard_value,
        second_guards.change as second_guard_change,
        coalesce(compared.is_improved and (guards.is_worsened or second_guards.is_worsened), false)
            as is_bought_at_guards_expense
    from compared
    left join compared as guards
        on
            compared.guard_kpi_id = guards.kpi_id
            and compared.period = guards.period
            and compared.client = guards.client
    left join compared as second_guards
        on
            compared.second_guard_kpi_id = second_guards.kpi_id
            and compared.period = second_guards.period
            and compared.client = second_guards.client

),

-- two-sided targets are reached from near enough on either side
judged as (

    select
        *,
        case
            when value is null then 'no_data'
            when target is null then 'no_target'
            when better = 'up' and value >= target then 'on_target'
            when better = 'down' and value <= target then 'on_target'
            when better = 'target' and abs(value - target) <= 0.10 * abs(target) then 'on_target'
            when better = 'up' and value >= target - 0.05 * abs(target) then 'near'
            when better = 'down' and value <= target + 0.05 * abs(target) then 'near'
            when better = 'target' and abs(value - target) <= 0.20 * abs(target) then 'near'
            else 'off_target'
        end as status
    from guarded

),

-- the last days' values as a row of blocks, low to high
ranged as (

    select
        figures.client,
        figures.kpi_id,
        figures.member,
        {{ days_between('figures.first_day', 'runs.as_of_date') }} as days_ago,
        {{ ratio('figures.numerator', 'figures.denominator') }} as value
    from figures
    cross join runs
    where
        figures.first_day = figures.last_day
        and figures.first_day < runs.as_of_date
        and figures.first_day >= {{ add_days('runs.as_of_date', -spark_days) }}

),

bounded as (

    select
        client,
        kpi_id,
        member,
        days_ago,
        value,
        min(value) over (partition by client, kpi_id, member) as lowest,
        max(value) over (partition by client, kpi_id, member) as highest
    from ranged

),

measured as (

    select
        *,
        cast(1 + round(7 * (value - lowest) / nullif(highest - lowest, 0)) as integer) as height
    from bounded

),

blocks as (

    select
        client,
        kpi_id,
        member,
        days_ago,
        case
            when value is null then ' '
            when height is null then '▄'
            else substr('▁▂▃▄▅▆▇█', height, 1)
        end as block
    from measured

),

sparklines as (

    select
        client,
        kpi_id,
        member,
        {%- for days_ago in range(spark_days, 0, -1) %}
        coalesce(max(case when days_ago = {{ days_ago }} then block end), ' '){{ ' ||' if not loop.last }}
        {%- endfor %} as sparkline
    from blocks
    group by client, kpi_id, member

),

scorecard as (

    select
        judged.period,
        judged.period_start_date,
        judged.period_end_date,
        judged.client,
        judged.kpi_id,
        judged.member,
        judged.kpi_name,
        judged.unit,
        judged.better,
        cast(judged.numerator as decimal(28, 6)) as numerator,
        cast(judged.denominator as decimal(28, 6)) as denominator,
        judged.value,
        judged.target,
        judged.status,
        judged.previous_value,
        judged.change,
        judged.is_improved,
        judged.same_weekdays_value,
        judged.guard_kpi_id,
        judged.guard_value,
        judged.guard_change,
        judged.second_guard_kpi_id,
        judged.second_guard_value,
        judged.second_guard_change,
        judged.is_bought_at_guards_expense,
        judged.is_final,
        sparklines.sparkline
    from judged
    left join sparklines
        on
            judged.client = sparklines.client
            and judged.kpi_id = sparklines.kpi_id
            and judged.member = sparklines.member

)

select * from scorecard
