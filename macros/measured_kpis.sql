{#-
    KPIs with a figure of their own in the data; each is a model kpi_<kpi_id>. kpi_values unites them, and kpi_service_values those that
    have a client and a queue. Composed KPIs, made of these, are named in kpi_values.
-#}
{% macro measured_kpis() -%}
    {{ return([
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
        'resolution_rate',
        'repeat_contact_rate',
        'self_service_containment',
        'csat',
        'csat_mean',
        'ces',
        'nps',
        'survey_response_rate',
        'sentiment',
        'quality_score',
        'script_use',
        'esat',
        'cost_per_contact',
        'agent_utilisation',
        'occupancy',
        'schedule_adherence',
        'conformance',
        'contacts_per_hour',
        'time_to_next_contact',
    ]) }}
{%- endmacro %}

{#- Those of them that reported sums (fct_reported_totals) feed, too: their rows of a week or a month have no day. -#}
{% macro kpis_of_totals() -%}
    {{ return([
        'channel_mix', 'service_level', 'speed_of_answer', 'abandonment_rate', 'handle_time', 'talk_time', 'hold_time',
        'after_contact_work', 'transfer_rate',
    ]) }}
{%- endmacro %}
