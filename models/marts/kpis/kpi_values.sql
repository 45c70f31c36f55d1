{#- The measured ones come from contacts, surveys, forms, agents or sums; composed ones from those. -#}
{%- set kpis = measured_kpis() + ['sla_attainment', 'call_performance_index'] -%}
with

-- what a report sums up by week or month lies on no day: kpi_period_values
unioned as (
    {% for kpi in kpis %}
    select
        kpi_id,
        day,
        client,
        site,
        queue,
        channel,
        contact_type,
        numerator,
        denominator,
        value,
        is_final
    from {{ ref('kpi_' ~ kpi) }}
    {%- if kpi in kpis_of_totals() %}
    where day is not null
    {%- endif %}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from unioned
