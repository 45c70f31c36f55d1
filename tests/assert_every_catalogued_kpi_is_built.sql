-- a KPI without rows, or rows without a KPI, while there is anything to measure: contacts, or agents' time;
-- a centre that asks nobody need not have the answers
with

built as (

    select distinct kpi_id
    from {{ ref('kpi_values') }}

),

handled as (

    select count(*) as contacts_count
    from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_handled

),

surveys as (

    select * from {{ ref('agg_surveys_daily') }}

),

forms as (

    select * from {{ ref('agg_quality_daily') }}

),

promises as (

    select * from {{ ref('kpi_sla_cells') }}

),

calls as (

    select * from {{ ref('agg_contacts_daily') }}
    where channel = 'voice'

),

-- KPIs of what not every centre has, and the rows that they are made of
optional as (
    {%- set optional = [
        ('csat', 'surveys', "instrument = 'csat'"),
        ('csat_mean', 'surveys', "instrument = 'csat'"),
        ('ces', 'surveys', "instrument = 'ces'"),
        ('nps', 'surveys', "instrument = 'nps'"),
        ('esat', 'surveys', "instrument = 'esat'"),
        ('survey_response_rate', 'surveys', "instrument <> 'esat'"),
        ('quality_score', 'forms', 'forms_count > 0'),
        ('script_use', 'forms', 'forms_count > 0'),
        ('sla_attainment', 'promises', 'client is not null'),
        ('call_performance_index', 'calls', 'offered_count > 0'),
    ] %}
    {% for kpi, rows, condition in optional %}
    select
        '{{ kpi }}' as kpi_id,
        count(*) as source_rows_count
    from {{ rows }}
    where {{ condition }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

worked as (

    select count(*) as agent_days_count
    from {{ ref('agg_agents_daily') }}

)

select
    kpis.kpi_id as catalogued_kpi_id,
    built.kpi_id as built_kpi_id
from {{ ref('dim_kpi') }} as kpis
full outer join built
    on kpis.kpi_id = built.kpi_id
left join optional
    on kpis.kpi_id = optional.kpi_id
cross join handled
cross join worked
where
    (kpis.kpi_id is null or built.kpi_id is null)
    and case when kpis.family = 'agents' then worked.agent_days_count else handled.contacts_count end > 0
    and coalesce(optional.source_rows_count, 1) > 0
