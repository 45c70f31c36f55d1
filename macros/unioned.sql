{#-
    The rows of one contract table from every platform that supplies it (var `platforms`), columns in the contract's order.
    entity: the contract table; columns: its columns as the platforms give them; unit: the unit of the model at hand, when it is tracked.
-#}
{% macro unioned(entity, columns, unit=none) -%}
    {%- for platform in var('platforms')[entity] %}
    select
        {{ columns | join(',\n        ') }}
    from {{ ref('int_' ~ entity ~ '__' ~ platform) }}
    where {{ only_touched(unit) if unit else 'true' }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Every staged stream (var `streams`) as (platform, stream) pairs. -#}
{% macro staged_streams() -%}
    {%- set pairs = [] -%}
    {%- for platform, streams in var('streams').items() -%}
        {%- for stream in streams -%}
            {%- do pairs.append((platform, stream)) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(pairs) }}
{%- endmacro %}

{#- Joins the slug of a platform's own word for a field: `<field>_map.slug`, null when no map knows the word. -#}
{% macro join_value_map(relation, field) -%}
    left join {{ ref('int_value_maps__unioned') }} as {{ field }}_map
        on
            {{ relation }}.platform = {{ field }}_map.platform
            and {{ field }}_map.field = '{{ field }}'
            and lower(trim({{ relation }}.native_{{ field }})) = {{ field }}_map.native_value
{%- endmacro %}
