{%- set spark_days = 14 -%}
with

kpi_values as (

    select * from {{ ref('kpi_values') }}

),

kpis as (

    select * from {{ ref('dim_kpi') }}

),

targets as (

    select * from {{ ref('targets') }}

),

runs as (

    select cast(as_of as date) as as_of_date from {{ ref('int_runs__resolved') }}

),

periods as (
    {%- set periods = [
        ('today', 0, 0, 1),
        ('yesterday', 1, 1, 1),
        ('last_7_days', 7, 1, 7),
        ('last_28_days', 28, 1, 28),
    ] %}
    {% for period, first_day, last_day, days in periods %}
    select
        '{{ period }}' as period,
        {{ add_days('as_of_date', -first_day) }} as period_start_date,
        {{ add_days('as_of_date', -last_day) }} as period_end_date,
        {{ days }} as days_count
    from runs
    {{ 'union all' if not loop.last }}
    {%- endfor %}

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
        day,
        numerator,
        denominator,
        is_final
    from shown
    union all
    select
        client,
        kpi_id,
        {{ kpi_member() }} as member,
        day,
        numerator,
        denominator,
        is_final
    from shown
    where client is not null

),

daily as (

    select
        client,
        kpi_id,
        member,
        day,
        sum(numerator) as numerator,
        sum(denominator) as denominator,
        bool_and(is_final) as is_final
    from scoped
    group by client, kpi_id, member, day

),

-- days of a period, of the equally long one before it, and of its weekdays in the four weeks before
aligned as (

    select
        periods.period,
        periods.period_start_date,
        periods.period_end_date,
        periods.days_count,
        daily.client,
        daily.kpi_id,
        daily.member,
        daily.numerator,
        daily.denominator,
        daily.is_final,
        daily.day between periods.period_start_date and periods.period_end_date as is_in_period,
        {{ days_between('daily.day', 'periods.period_start_date') }}
        between 1 and periods.days_count as is_in_previous_period,
        {{ days_between('daily.day', 'periods.period_start_date') }} between 1 and 28
        and (
            periods.days_count >= 7
            or {{ iso_weekday('daily.day') }} = {{ iso_weekday('periods.period_start_date') }}
        ) as is_same_weekday
    from periods
    cross join daily

),

summed as (

    select
        period,
        period_start_date,
        period_end_date,
        days_count,
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
    group by period, period_start_date, period_end_date, days_count, client, kpi_id, member

),

-- a comparison with days before the data begins would be one with fewer days
covered as (

    select
        client,
        min(day) as first_day
    from daily
    group by client

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
        summed.numerator,
        summed.denominator,
        {{ ratio('summed.numerator', 'summed.denominator') }} as value,
        case
            when {{ days_between('covered.first_day', 'summed.period_start_date') }} >= summed.days_count
                then {{ ratio('summed.previous_numerator', 'summed.previous_denominator') }}
        end as previous_value,
        {{ ratio('summed.same_weekdays_numerator', 'summed.same_weekdays_denominator') }}
            as same_weekdays_value,
        coalesce(summed.is_final, false) as is_final
    from summed
    inner join kpis
        on summed.kpi_id = kpis.kpi_id
    inner join covered
        on summed.client = covered.client

),

-- targets of the whole centre or a whole client: a queue's or channel's own says nothing about the sum
targeted as (

    select
        divided.period,
        divided.client,
        divided.kpi_id,
        divided.member,
        max_by(
            targets.target,
            case when targets.client is null then 0 else 1000000 end
            + {{ days_between("cast('2000-01-01' as date)", 'targets.valid_from') }}
        ) as target
    from divided
    inner join targets
        on
            divided.kpi_id = targets.kpi_id
            and (targets.client is null or divided.client = targets.client)
            and targets.queue is null
            and targets.channel is null
            and divided.period_end_date >= targets.valid_from
            and (targets.valid_to is null or divided.period_end_date < targets.valid_to)
    group by divided.period, divided.client, divided.kpi_id, divided.member

),

guarded as (

    select
        divided.*,
        cast(targeted.target as double) as target,
        divided.value - divided.previous_value as change,
        guards.value as guard_value,
        guards.value - guards.previous_value as guard_change,
        guards.better as guard_better
    from divided
    left join targeted
        on
            divided.period = targeted.period
            and divided.client = targeted.client
            and divided.kpi_id = targeted.kpi_id
            and divided.member = targeted.member
    left join divided as guards
        on
            divided.guard_kpi_id = guards.kpi_id
            and divided.period = guards.period
            and divided.client = guards.client

),

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
        end as status,
        {{ is_change_better('better', 'value', 'previous_value', 'target') }} as is_improved
    from guarded

),

-- the last days' values as a row of blocks, low to high
ranged as (

    select
        daily.client,
        daily.kpi_id,
        daily.member,
        {{ days_between('daily.day', 'runs.as_of_date') }} as days_ago,
        {{ ratio('daily.numerator', 'daily.denominator') }} as value
    from daily
    cross join runs
    where
        daily.day < runs.as_of_date
        and daily.day >= {{ add_days('runs.as_of_date', -spark_days) }}

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
        coalesce(
            judged.is_improved
            and case judged.guard_better
                when 'up' then judged.guard_change < 0
                when 'down' then judged.guard_change > 0
                when 'target' then judged.guard_change > 0
            end,
            false
        ) as is_bought_at_guards_expense,
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
