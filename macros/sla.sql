{#-
    True when numerator / denominator reaches the target the better way, the target itself included; null without data, or where neither
    up nor down is better. Multiplied out: a value that equals its target is not lost to a division's last digit. The widths
    hold a target of six digits and the product of both whole: 12 + 25 + 1 digits are the most that a decimal has.
-#}
{% macro is_promise_kept(better, numerator, denominator, target) -%}
    case
        when {{ denominator }} = 0 then null
        when {{ better }} = 'up'
            then cast({{ numerator }} as decimal(25, 6))
                >= cast({{ target }} as decimal(12, 6)) * cast({{ denominator }} as decimal(25, 6))
        when {{ better }} = 'down'
            then cast({{ numerator }} as decimal(25, 6))
                <= cast({{ target }} as decimal(12, 6)) * cast({{ denominator }} as decimal(25, 6))
    end
{%- endmacro %}
