with

unioned as (
    {% for kpi in kpis_of_totals() %}
    select
        kpi_id,
        period_start_date,
        period_end_date,
        client,
        site,
        queue,
        channel,
        numerator,
        denominator,
        value,
        is_final
    from {{ ref('kpi_' ~ kpi) }}
    where day is null
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from unioned
