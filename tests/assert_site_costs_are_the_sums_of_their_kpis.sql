-- month × site, both sides of every KPI; and the categories add up to the whole
with

kpis as (

    select
        cast({{ dbt.date_trunc('month', 'day') }} as date) as month,
        coalesce(site, 'none') as site,
        kpi_id,
        sum(numerator) as numerator,
        sum(denominator) as denominator
    from {{ ref('kpi_values') }}
    where kpi_id in ('cost_per_contact', 'first_contact_resolution', 'csat')
    group by cast({{ dbt.date_trunc('month', 'day') }} as date), coalesce(site, 'none'), kpi_id

),

mart as (
    {%- set kpis = [
        ('cost_per_contact', 'reporting_amount', 'handled_count'),
        ('first_contact_resolution', 'fcr_numerator', 'fcr_denominator'),
        ('csat', 'csat_numerator', 'csat_denominator'),
    ] %}
    {% for kpi_id, numerator, denominator in kpis %}
    select
        month,
        site,
        '{{ kpi_id }}' as kpi_id,
        {{ numerator }} as numerator,
        {{ denominator }} as denominator,
        pay_amount + licences_amount + premises_amount + telecom_amount + other_amount - reporting_amount
            as missing_amount
    from {{ ref('rpt_site_costs') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select
    kpis.month as kpi_month,
    kpis.site as kpi_site,
    kpis.kpi_id,
    mart.month as mart_month,
    mart.site as mart_site,
    kpis.numerator as kpi_numerator,
    mart.numerator as mart_numerator,
    kpis.denominator as kpi_denominator,
    mart.denominator as mart_denominator
from kpis
full outer join mart
    on
        kpis.month = mart.month
        and kpis.site = mart.site
        and kpis.kpi_id = mart.kpi_id
where
    coalesce(kpis.numerator, 0) <> coalesce(mart.numerator, 0)
    or coalesce(kpis.denominator, 0) <> coalesce(mart.denominator, 0)
    or coalesce(mart.missing_amount, 0) <> 0
