{#-
    The uniform KPI row from a daily aggregate: one row in, one row out, divided once and last. kpi_id: its row in the catalogue;
    from: a relation with day, client, site, queue, channel, contact_type; numerator, denominator, is_final: SQL expressions
    over its columns; where: which of its rows count; is_grouped: when it has several rows a cell, with aggregates as expressions.
    totals: fct_reported_totals, for a KPI that reported sums can feed (`kpis_of_totals`): those that know what both expressions ask for.
-#}
{% macro kpi(kpi_id, from, numerator, denominator, is_final='is_final', where=none, is_grouped=false, totals=none) -%}
with

measured as (

    select
        day,
        {%- if totals %}
        day as period_start_date,
        day as period_end_date,
        {%- endif %}
        client,
        site,
        queue,
        channel,
        contact_type,
        cast({{ numerator }} as decimal(28, 6)) as numerator,
        cast({{ denominator }} as decimal(28, 6)) as denominator,
        {{ is_final }} as is_final
    from {{ from }}
    {%- if where %}
    where {{ where }}
    {%- endif %}
    {%- if is_grouped %}
    group by day, client, site, queue, channel, contact_type
    {%- endif %}
    {%- if totals %}
    union all
    select
        case when grain = 'day' then period_start_date end as day,
        period_start_date,
        period_end_date,
        client,
        site,
        queue,
        channel,
        cast(null as {{ dbt.type_string() }}) as contact_type,
        cast(sum({{ numerator }}) as decimal(28, 6)) as numerator,
        cast(sum({{ denominator }}) as decimal(28, 6)) as denominator,
        bool_and(is_final) as is_final
    from {{ totals }}
    where
        is_counted
        and {{ numerator }} is not null
        and {{ denominator }} is not null
    group by grain, period_start_date, period_end_date, client, site, queue, channel
    {%- endif %}

)

{{ kpi_row(kpi_id, 'measured', has_periods=totals is not none) }}
{%- endmacro %}

{#-
    Closing select of every KPI model: the uniform columns from a CTE that holds numerator and denominator. has_periods: when it has
    rows of a reported week or month, which have no day.
-#}
{% macro kpi_row(kpi_id, measured, has_periods=false) -%}
select
    '{{ kpi_id }}' as kpi_id,
    day,
    {%- if has_periods %}
    period_start_date,
    period_end_date,
    {%- endif %}
    client,
    site,
    queue,
    channel,
    contact_type,
    numerator,
    denominator,
    {{ ratio('numerator', 'denominator') }} as value,
    is_final
from {{ measured }}
{%- endmacro %}

{#-
    Share of each member of a dimension in all contacts of its day × client × site; a member without contacts that day shows 0. totals:
    fct_reported_totals, for a dimension that reported sums tell; their weeks and months are periods like the days.
-#}
{% macro kpi_mix(kpi_id, dimension, totals=none) -%}
with

contacts as (

    select
        day,
        day as period_start_date,
        day as period_end_date,
        client,
        site,
        {{ dimension }},
        contacts_count,
        is_final
    from {{ ref('agg_contacts_daily') }}
    {%- if totals %}
    union all
    select
        case when grain = 'day' then period_start_date end as day,
        period_start_date,
        period_end_date,
        client,
        site,
        {{ dimension }},
        contacts_count,
        is_final
    from {{ totals }}
    where
        is_counted
        and contacts_count is not null
    {%- endif %}

),

totals as (

    select
        day,
        period_start_date,
        period_end_date,
        client,
        site,
        sum(contacts_count) as contacts_count,
        bool_and(is_final) as is_final
    from contacts
    group by day, period_start_date, period_end_date, client, site

),

members as (

    select distinct {{ dimension }}
    from contacts

),

by_member as (

    select
        period_start_date,
        period_end_date,
        client,
        site,
        {{ dimension }},
        sum(contacts_count) as contacts_count
    from contacts
    group by period_start_date, period_end_date, client, site, {{ dimension }}

),

measured as (

    select
        totals.day,
        totals.period_start_date,
        totals.period_end_date,
        totals.client,
        totals.site,
        cast(null as {{ dbt.type_string() }}) as queue,
        {{ 'members.channel' if dimension == 'channel' else 'cast(null as ' ~ dbt.type_string() ~ ')' }} as channel,
        {{ 'members.contact_type' if dimension == 'contact_type' else 'cast(null as ' ~ dbt.type_string() ~ ')' }}
            as contact_type,
        cast(coalesce(by_member.contacts_count, 0) as decimal(28, 6)) as numerator,
        cast(totals.contacts_count as decimal(28, 6)) as denominator,
        totals.is_final
    from totals
    cross join members
    left join by_member
        on
            totals.period_start_date = by_member.period_start_date
            and totals.period_end_date = by_member.period_end_date
            and totals.client = by_member.client
            and totals.site = by_member.site
            and members.{{ dimension }} = by_member.{{ dimension }}

)

{{ kpi_row(kpi_id, 'measured', has_periods=totals is not none) }}
{%- endmacro %}

{#-
    A KPI of agents' time by day and site, from agg_agents_daily: their time is not split by client, queue, channel or contact type.
    numerator, denominator, is_final: SQL aggregates over its columns.
-#}
{% macro kpi_of_agents(kpi_id, numerator, denominator, is_final='bool_and(is_final)') -%}
{%- set nothing = 'cast(null as ' ~ dbt.type_string() ~ ')' -%}
with

agents as (

    select * from {{ ref('agg_agents_daily') }}

),

measured as (

    select
        day,
        {{ nothing }} as client,
        site,
        {{ nothing }} as queue,
        {{ nothing }} as channel,
        {{ nothing }} as contact_type,
        cast(coalesce({{ numerator }}, 0) as decimal(28, 6)) as numerator,
        cast(coalesce({{ denominator }}, 0) as decimal(28, 6)) as denominator,
        {{ is_final }} as is_final
    from agents
    group by day, site

)

{{ kpi_row(kpi_id, 'measured') }}
{%- endmacro %}
