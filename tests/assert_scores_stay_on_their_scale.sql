-- no mean lies outside the scale of the answers that it is made of
with

scales as (
    {%- set scales = [
        ('csat_mean', 0, 100),
        ('ces', 1, 7),
        ('nps', -100, 100),
        ('sentiment', -1, 1),
        ('call_performance_index', 0, 100),
    ] %}
    {% for kpi, lowest, highest in scales %}
    select
        '{{ kpi }}' as kpi_id,
        {{ lowest }} as lowest,
        {{ highest }} as highest
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select kpi_values.*
from {{ ref('kpi_values') }} as kpi_values
inner join scales
    on kpi_values.kpi_id = scales.kpi_id
where
    kpi_values.numerator < scales.lowest * kpi_values.denominator
    or kpi_values.numerator > scales.highest * kpi_values.denominator
