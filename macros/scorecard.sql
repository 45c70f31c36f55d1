{#- The channel or contact type that a mix row is about; `all` for every other KPI (never null, so that it joins). -#}
{% macro kpi_member() -%}
    case kpi_id when 'channel_mix' then channel when 'contact_type_mix' then contact_type else 'all' end
{%- endmacro %}

{#- Days of the period of the same length that ends where the period begins. -#}
{% macro is_period_before(days_count) -%}
    daily.day < periods.period_start_date
    and {{ days_between('daily.day', 'periods.period_start_date') }} <= periods.{{ days_count }}
{%- endmacro %}

{#- Days of the four weeks before the period that fall on the weekdays of the period. -#}
{% macro is_same_weekday_before() -%}
    daily.day < periods.period_start_date
    and {{ days_between('daily.day', 'periods.period_start_date') }} <= 28
    and (
        periods.days_count >= 7
        or {{ iso_weekday('daily.day') }} = {{ iso_weekday('periods.period_start_date') }}
    )
{%- endmacro %}

{#- True when a value moved the better way; towards its target where better is `target`; null where no way is better. -#}
{% macro is_change_better(better, value, previous_value, target) -%}
    case {{ better }}
        when 'up' then {{ value }} > {{ previous_value }}
        when 'down' then {{ value }} < {{ previous_value }}
        when 'target' then abs({{ value }} - {{ target }}) < abs({{ previous_value }} - {{ target }})
    end
{%- endmacro %}
