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
