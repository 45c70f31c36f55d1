{#- Where the contract holds native words, and the slug that stands for one that no map knows. -#}
{%- set fields = [
    ('int_contacts__unioned', 'queue', 'unmapped'),
    ('int_contacts__unioned', 'channel', 'unmapped'),
    ('int_contacts__unioned', 'contact_type', 'unclassified'),
    ('int_contacts__unioned', 'client', 'unmapped'),
    ('int_contacts__unioned', 'site', 'unmapped'),
    ('int_contact_legs__unioned', 'queue', 'unmapped'),
    ('int_agent_states__unioned', 'state', 'unmapped'),
    ('int_agent_shifts__unioned', 'activity', 'unmapped'),
    ('int_agents__unioned', 'site', 'unmapped'),
    ('int_operating_costs__unioned', 'site', 'unmapped'),
    ('int_operating_costs__unioned', 'client', 'unmapped'),
    ('int_operating_costs__unioned', 'channel', 'unmapped'),
    ('int_calls__asterisk', 'direction', 'unmapped'),
    ('int_survey_answers__qualtrics', 'question', 'unmapped'),
    ('int_survey_answers__qualtrics', 'answer', 'unmapped'),
    ('int_reported_totals__unioned', 'queue', 'unmapped'),
    ('int_reported_totals__unioned', 'client', 'unmapped'),
    ('int_reported_totals__unioned', 'site', 'unmapped'),
    ('int_reported_totals__unioned', 'channel', 'unmapped'),
] -%}
with

words as (
    {% for model, field, unknown in fields %}
    select
        platform,
        '{{ field }}' as field,
        native_{{ field }} as native_value
    from {{ ref(model) }}
    where
        native_{{ field }} is not null
        and {{ field }} = '{{ unknown }}'
        and lower(trim(native_{{ field }})) <> '{{ unknown }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        platform,
        field,
        native_value,
        count(*) as rows_count
    from words
    group by platform, field, native_value

)

select * from counted
