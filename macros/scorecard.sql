{#-
    True when a figure (first_day, last_day) counts in a period: a day within it, or a reported week or month that it is made of. Of a
    period that cuts reported weeks or months, a part would stand for the whole.
-#}
{% macro is_part_of(figures, start, end) -%}
    (
        {{ figures }}.first_day >= {{ start }}
        and {{ figures }}.last_day <= {{ end }}
        and case {{ days_between(figures ~ '.first_day', figures ~ '.last_day') }}
            when 0 then true
            when 6 then
                {{ days_between(start, figures ~ '.first_day') }} % 7 = 0
                and {{ days_between(figures ~ '.last_day', end) }} % 7 = 0
            else {{ figures }}.first_day = {{ start }} and {{ figures }}.last_day = {{ end }}
        end
    )
{%- endmacro %}

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
