{#-
    Rows that break a rule that each row keeps or breaks by itself. All such rules of a model are one test, and so one scan; broken_rules
    names those that the row breaks, joined by `; `.
    not_null, not_negative: columns; accepted_values: the accepted ones by column; expressions: SQL that must hold. As in a check
    constraint, a null breaks none of them but not_null.
-#}
{% test valid_rows(model, not_null=[], not_negative=[], accepted_values={}, expressions=[]) %}

{%- set broken = {} -%}
{%- for column in not_null %}{% do broken.update({column ~ ' is null': column ~ ' is null'}) %}{% endfor -%}
{%- for column in not_negative %}{% do broken.update({column ~ ' is negative': column ~ ' < 0'}) %}{% endfor -%}
{%- for column, values in accepted_values.items() -%}
    {%- set told = [] -%}
    {%- set literals = [] -%}
    {%- for value in values -%}
        {%- set text = value if value is string else value | string | lower -%}
        {%- do told.append(text) -%}
        {%- do literals.append(dbt.string_literal(dbt.escape_single_quotes(text)) if value is string else text) -%}
    {%- endfor -%}
    {%- do broken.update({
        column ~ ' is none of ' ~ told | join(', '): column ~ ' not in (' ~ literals | join(', ') ~ ')'
    }) -%}
{%- endfor -%}
{%- for expression in expressions -%}
    {%- do broken.update({expression ~ ' does not hold': 'not (' ~ expression ~ ')'}) -%}
{%- endfor -%}

select
    concat_ws(
        '; '
        {%- for rule, is_broken in broken.items() %},
        case when {{ is_broken }} then {{ dbt.string_literal(dbt.escape_single_quotes(rule)) }} end
        {%- endfor %}
    ) as broken_rules,
    *
from {{ model }}
where
    {% for is_broken in broken.values() -%}
    {{ 'or ' if not loop.first }}{{ is_broken }}
    {% endfor %}

{% endtest %}
