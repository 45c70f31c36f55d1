{#-
    The uniform KPI row from a daily aggregate: one row in, one row out, divided once and last. kpi_id: its row in the catalogue;
    from: a relation with day, client, site, queue, channel, contact_type; numerator, denominator, is_final: SQL expressions
    over its columns; where: which of its rows count; is_grouped: when it has several rows a cell, with aggregates as expressions.
-#}
{% macro kpi(kpi_id, from, numerator, denominator, is_final='is_final', where=none, is_grouped=false) -%}
with

measured as (

    select
        day,
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

)

{{ kpi_row(kpi_id, 'measured') }}
{%- endmacro %}

{#- Closing select of every KPI model: the uniform columns from a CTE that holds numerator and denominator. -#}
{% macro kpi_row(kpi_id, measured) -%}
select
    '{{ kpi_id }}' as kpi_id,
    day,
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

{#- Share of each member of a dimension in all contacts of its day × client × site; a member without contacts that day shows 0. -#}
{% macro kpi_mix(kpi_id, dimension) -%}
with

contacts as (

    select * from {{ ref('agg_contacts_daily') }}

),

totals as (

    select
        day,
        client,
        site,
        sum(contacts_count) as contacts_count,
        bool_and(is_final) as is_final
    from contacts
    group by day, client, site

),

members as (

    select distinct {{ dimension }}
    from contacts

),

by_member as (

    select
        day,
        client,
        site,
        {{ dimension }},
        sum(contacts_count) as contacts_count
    from contacts
    group by day, client, site, {{ dimension }}

),

measured as (

    select
        totals.day,
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
            totals.day = by_member.day
            and totals.client = by_member.client
            and totals.site = by_member.site
            and members.{{ dimension }} = by_member.{{ dimension }}

)

{{ kpi_row(kpi_id, 'measured') }}
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
