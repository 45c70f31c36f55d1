{#- The measured ones come from single contacts, surveys, forms or agents; the composed ones from those. -#}
{%- set kpis = measured_kpis() + ['sla_attainment', 'call_performance_index'] -%}
with

unioned as (
    {% for kpi in kpis %}
    select * from {{ ref('kpi_' ~ kpi) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from unioned
