{#- The channel or contact type that a mix row is about; `all` for every other KPI (never null, so that it joins). -#}
{% macro kpi_member() -%}
    case kpi_id when 'channel_mix' then channel when 'contact_type_mix' then contact_type else 'all' end
{%- endmacro %}

{#- True when a value moved the better way; towards its target where better is `target`; null where no way is better. -#}
{% macro is_change_better(better, value, previous_value, target) -%}
    case {{ better }}
        when 'up' then {{ value }} > {{ previous_value }}
        when 'down' then {{ value }} < {{ previous_value }}
        when 'target' then abs({{ value }} - {{ target }}) < abs({{ previous_value }} - {{ target }})
    end
{%- endmacro %}

{#- True when a value moved the worse way; away from its target where better is `target`; null where no way is better. -#}
{% macro is_change_worse(better, value, previous_value, target) -%}
    case {{ better }}
        when 'up' then {{ value }} < {{ previous_value }}
        when 'down' then {{ value }} > {{ previous_value }}
        when 'target' then abs({{ value }} - {{ target }}) > abs({{ previous_value }} - {{ target }})
    end
{%- endmacro %}
