{#-
    True when numerator / denominator reaches the target the better way, the target itself included; null without data, or where neither
    up nor down is better. Multiplied out: a value that equals its target is not lost to a division's last digit.
-#}
{% macro is_promise_kept(better, numerator, denominator, target) -%}
    case
        when {{ denominator }} = 0 then null
        when {{ better }} = 'up'
            then cast({{ numerator }} as decimal(18, 6))
                >= cast({{ target }} as decimal(18, 6)) * cast({{ denominator }} as decimal(18, 6))
        when {{ better }} = 'down'
            then cast({{ numerator }} as decimal(18, 6))
                <= cast({{ target }} as decimal(18, 6)) * cast({{ denominator }} as decimal(18, 6))
    end
{%- endmacro %}
