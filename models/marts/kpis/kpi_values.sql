{%- set kpis = [
    'channel_mix',
    'contact_type_mix',
    'service_level',
    'speed_of_answer',
    'abandonment_rate',
    'handle_time',
    'talk_time',
    'hold_time',
    'after_contact_work',
    'transfer_rate',
    'retelling_rate',
    'first_contact_resolution',
    'repeat_contact_rate',
    'cost_per_contact',
    'agent_utilisation',
    'occupancy',
    'schedule_adherence',
    'conformance',
    'contacts_per_hour',
    'time_to_next_contact',
] -%}
with

unioned as (
    {% for kpi in kpis %}
    select * from {{ ref('kpi_' ~ kpi) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from unioned
