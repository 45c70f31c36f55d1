{#-
    How were the months and years?

    How to read it: one row per client and month, and one per client and year, whose month is empty. Each figure is a sum divided by a sum: of the days that
    kpi_values has and of the months and weeks that reports sum up (kpi_period_values), never a mean of months. contacts_count is what came, abandoned_count who gave up
    in the queue, without short abandons as far as they are told apart. answer_seconds, the speed of answer, is of channels on which customers wait, as on the scorecard. A
    reported week that two months or years share is in neither: weeks_cut_count tells of them, in the month or year in which they begin.

    What to change: first_year (default 1995); `where client = …` narrows it.
-#}
{%- set kpis = ['channel_mix', 'service_level', 'abandonment_rate', 'speed_of_answer', 'handle_time'] -%}
with

days as (

    select
        kpi_id,
        day as first_day,
        day as last_day,
        client,
        channel,
        numerator,
        denominator
    from {{ ref('kpi_values') }}
    where client is not null

),

periods as (

    select
        kpi_id,
        period_start_date as first_day,
        period_end_date as last_day,
        client,
        channel,
        numerator,
        denominator
    from {{ ref('kpi_period_values') }}

),

kpis as (

    select * from {{ ref('dim_kpi') }}

),

channels as (

    select * from {{ ref('dim_channel') }}

),

figures as (

    select * from days
    union all
    select * from periods

),

shown as (

    select
        figures.*,
        cast(extract(year from figures.first_day) as integer) as first_year,
        cast(extract(year from figures.last_day) as integer) as last_year,
        cast(extract(month from figures.first_day) as integer) as first_month,
        cast(extract(month from figures.last_day) as integer) as last_month
    from figures
    inner join kpis
        on figures.kpi_id = kpis.kpi_id
    left join channels
        on figures.channel = channels.channel
    where
        kpis.scorecard_channels = 'all'
        or channels.is_synchronous

),

placed as (

    select
        client,
        kpi_id,
        first_year as year,
        first_month as month,
        first_year = last_year and first_month = last_month as is_whole,
        first_day,
        numerator,
        denominator
    from shown
    union all
    select
        client,
        kpi_id,
        first_year as year,
        cast(null as integer) as month,
        first_year = last_year as is_whole,
        first_day,
        numerator,
        denominator
    from shown

),

summed as (

    select
        client,
        year,
        month,
        {%- for kpi in kpis %}
        sum(numerator) filter (where is_whole and kpi_id = '{{ kpi }}') as {{ kpi }}_numerator,
        sum(denominator) filter (where is_whole and kpi_id = '{{ kpi }}') as {{ kpi }}_denominator,
        {%- endfor %}
        count(distinct first_day) filter (where not is_whole) as weeks_cut_count
    from placed
    where year >= {{ var('first_year', 1995) | int }}
    group by client, year, month

),

divided as (

    select
        client,
        year,
        month,
        channel_mix_numerator as contacts_count,
        abandonment_rate_numerator as abandoned_count,
        {{ ratio('abandonment_rate_numerator', 'abandonment_rate_denominator') }} as abandonment_rate,
        {{ ratio('speed_of_answer_numerator', 'speed_of_answer_denominator') }} as answer_seconds,
        {{ ratio('service_level_numerator', 'service_level_denominator') }} as service_level,
        {{ ratio('handle_time_numerator', 'handle_time_denominator') }} as handle_seconds,
        weeks_cut_count
    from summed

)

select * from divided
order by client asc nulls last, year asc nulls last, month asc nulls last
