{#-
    Every source as a relation that can be queried by name (`select * from asterisk.queue_log`) and whose columns unit tests can read:
    models read the files themselves. A stream that has never been landed is passed over; before the first landing dbt stops. Runs at
    the start of dbt.
-#}
{% macro declare_sources() -%}
    {%- if execute -%}
        {%- if not is_landed(source('vitals', 'ledger')) -%}
            {%- do exceptions.raise_compiler_error(
                'Nothing has landed yet: ' ~ source('vitals', 'ledger') ~ ' holds no file. Run `vitals land` first.'
            ) -%}
        {%- endif -%}
        {%- do forget_unplanned() -%}
        {%- for node in graph.sources.values() -%}
            {%- do declare_source(node, source(node.source_name, node.name)) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}

{#- Whether a source has any file. -#}
{% macro is_landed(relation) %}{{ return(adapter.dispatch('is_landed', 'vitals')(relation)) }}{% endmacro %}

{% macro default__is_landed(relation) -%}
    {{ return(run_query('select 1 from glob(' ~ relation ~ ') limit 1') | length > 0) }}
{%- endmacro %}

{% macro declare_source(node, relation) %}{{ return(adapter.dispatch('declare_source', 'vitals')(node, relation)) }}{% endmacro %}

{% macro default__declare_source(node, relation) -%}
    {%- if is_landed(relation) -%}
        {%- do run_query('create schema if not exists ' ~ node.schema) -%}
        {%- do run_query(
            'create or replace view ' ~ node.schema ~ '.' ~ node.identifier ~ ' as select * from ' ~ relation
        ) -%}
    {%- endif -%}
{%- endmacro %}

{#- Spark asks nobody before it reads: a path that is not there is an error that names it. -#}
{% macro spark__is_landed(relation) %}{{ return(true) }}{% endmacro %}

{#- A table over the folder's files. Spark passes over `_empty.parquet`, so that the columns are told: as landed, text and their origin. -#}
{% macro spark__declare_source(node, relation) -%}
    {%- set folder = node.config.meta.external_location
        | replace('{schema}', node.schema) | replace('{name}', node.name) | replace('/*.parquet', '') -%}
    {%- set columns = [] -%}
    {%- for column in node.columns.values() -%}
        {%- do columns.append('`' ~ column.name ~ '` ' ~ column.data_type) -%}
    {%- endfor -%}
    {%- if node.source_name != 'vitals' -%}
        {%- do columns.extend(
            ['extra_columns string', 'source_file string', 'source_row bigint', 'file_hash string', 'landed_at timestamp']
        ) -%}
    {%- endif -%}
    {%- do run_statement('create schema if not exists ' ~ node.schema) -%}
    {%- do run_statement('drop table if exists ' ~ relation) -%}
    {%- do run_statement('create table ' ~ relation ~ ' (' ~ columns | join(', ') ~ ") using parquet options (path '" ~ folder ~ "')") -%}
{%- endmacro %}

{#- Runs what gives no rows: over Thrift, Spark has none to fetch then. -#}
{% macro run_statement(sql) -%}
    {%- call statement('ddl', fetch_result=false) %}{{ sql }}{% endcall -%}
{%- endmacro %}
