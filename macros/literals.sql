{#- A value as a literal of Spark, where a backslash begins an escape: dbt-spark leaves those of fixtures as they are. -#}
{% macro spark__escape_single_quotes(expression) -%}
    {{- expression | string | replace('\\', '\\\\') | replace("'", "\\'") -}}
{%- endmacro %}

{#- dbt-spark writes what a seed leaves empty as the word None, and cannot write an apostrophe: values as literals instead. -#}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set statements = [] -%}
    {%- for chunk in agate_table.rows | batch(get_batch_size()) -%}
        {%- set rows = [] -%}
        {%- for row in chunk -%}
            {%- set values = [] -%}
            {%- for name in agate_table.column_names -%}
                {%- set type = types.get(name) or adapter.convert_type(agate_table, loop.index0) -%}
                {%- set value = 'null' if row[name] is none else "'" ~ dbt.escape_single_quotes(row[name]) ~ "'" -%}
                {%- do values.append('cast(' ~ value ~ ' as ' ~ type ~ ')') -%}
            {%- endfor -%}
            {%- do rows.append('(' ~ values | join(', ') ~ ')') -%}
        {%- endfor -%}
        {%- do statements.append('insert into ' ~ this.render() ~ ' values ' ~ rows | join(',\n')) -%}
        {%- do adapter.add_query(statements[-1], abridge_sql_log=True) -%}
    {%- endfor -%}
    {{ return(statements[0]) }}
{%- endmacro %}
