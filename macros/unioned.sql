{#-
    The rows of one contract table from every platform that supplies it (var `platforms`), columns in the contract's order.
    entity: the contract table; columns: its columns as the platforms give them.
-#}
{% macro unioned(entity, columns) -%}
    {%- for platform in var('platforms')[entity] %}
    select
        {{ columns | join(',\n        ') }}
    from {{ ref('int_' ~ entity ~ '__' ~ platform) }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
