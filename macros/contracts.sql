{#-
    On Spark a contract's types are cast to, and not compared with: decimals widen and counts are of another width there in every second
    expression. A column that is missing fails; that the types are the query's own is asserted where DuckDB builds the same model.
-#}
{% macro spark__get_assert_columns_equivalent(sql) %}{% endmacro %}

{% macro spark__get_select_subquery(sql) -%}
    select
    {%- for column in model.columns.values() %}
        cast({{ column.name }} as {{ column.data_type }}) as {{ column.name }}{{ ',' if not loop.last }}
    {%- endfor %}
    from (
    {{ sql }}
    ) as model_subq
{%- endmacro %}
