{#-
    dbt's own data test, but for what it stores: offending rows of a test that fails or warns; when it passes, its table of an earlier
    failure goes. dbt writes a table per test, which takes longer than most of the tests.
-#}
{% materialization test, default %}

    {%- set offending = get_limit_subquery_sql(sql, config.get('limit')) -%}
    {%- call statement('main', fetch_result=True) -%}
        {{ get_test_sql(offending, config.get('fail_calc'), config.get('warn_if'), config.get('error_if'), limit=none) }}
    {%- endcall -%}

    {%- set relations = [] -%}
    {%- if should_store_failures() -%}
        {%- set stale = adapter.get_relation(database=database, schema=schema, identifier=model['alias']) -%}
        {%- if stale -%}
            {%- do adapter.drop_relation(stale) -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
        {%- set failures, is_warning, is_error = load_result('main')['data'][0] -%}
        {%- if is_warning or is_error -%}
            {%- set kept = this.incorporate(type='table') -%}
            {%- call statement(auto_begin=True) -%}
                {{ get_create_sql(kept, offending) }}
            {%- endcall -%}
            {%- do relations.append(kept) -%}
            {%- do adapter.commit() -%}
        {%- endif -%}
    {%- endif -%}

    {{ return({'relations': relations}) }}

{% endmaterialization %}

{#-
    The rows of its model that a generic test reads, with the test's own `where`. A live round (var `is_live`) tests what it changed:
    every other build tests every row.
-#}
{% macro get_where_subquery(relation) -%}
    {%- set where = config.get('where') -%}
    {%- set rows = changed_rows_to_test(relation) -%}
    {%- if not rows and not where -%}{{ return(relation) }}{%- endif -%}
    {{ return('(select * from ' ~ (rows or relation) ~ (' where ' ~ where if where else '') ~ ') as tested') }}
{%- endmacro %}

{#- In a live round, the rows of a tracked model that can make a test fail that passed before; none: all of them. -#}
{% macro changed_rows_to_test(relation) -%}
    {%- if not execute or not var('is_live', false) or model.resource_type != 'test' -%}{{ return(none) }}{%- endif -%}
    {%- set tested = graph.nodes.get(model.attached_node) -%}
    {%- if not tested or tested.config.materialized != 'tracked' or tested.alias != relation.identifier -%}{{ return(none) }}{%- endif -%}
    {%- set given = model.test_metadata.kwargs -%}
    {#- What came and went again since the last whole build is in none of the table's rows. -#}
    {%- set rows = '(select ' ~ all_but('has_come') ~ ' from ' ~ changes(tested.name) ~ ' where has_come except all select '
        ~ all_but('has_come') ~ ' from ' ~ changes(tested.name) ~ ' where not has_come) as came' -%}
    {%- if model.test_metadata.name == 'valid_rows' -%}{{ return(rows) }}{%- endif -%}
    {%- if model.test_metadata.name == 'relationships' -%}{{ return(none if has_lost_parents(given.field) else rows) }}{%- endif -%}
    {%- if model.test_metadata.name in ('unique', 'unique_combination') -%}
        {%- set keys = given.get('columns') or [given.column_name] -%}
        {#- Where the key tells the unit, the same key stands in no other unit: those that the round replaced are enough. -#}
        {%- set units = tested.config.unique_key -%}
        {%- if units is not string and units | reject('in', keys) | list | length == 0 -%}
            {{ return(replaced(tested.name) if has_changes(tested.name ~ '__replaced') else '(select * from ' ~ relation ~ ' where false) as held') }}
        {%- endif -%}
        {%- set same = [] -%}
        {%- for column in keys -%}
            {%- do same.append('came.' ~ column ~ ' is not distinct from held.' ~ column) -%}
        {%- endfor -%}
        {{ return('(select * from ' ~ relation ~ ' as held where exists (select 1 from ' ~ rows ~ ' where ' ~ same | join(' and ') ~ ')) as held') }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}

{#- Whether a row that another model's rows name by `field` may be gone since the last whole build. -#}
{% macro has_lost_parents(field) -%}
    {%- for key in model.depends_on.nodes if key != model.attached_node -%}
        {%- set parent = graph.nodes[key] -%}
        {%- if parent.config.materialized == 'tracked' -%}
            {%- set lost = run_query(
                'select 1 from ' ~ changes(parent.name) ~ ' as gone where not gone.has_come and not exists (select 1 from '
                ~ parent.relation_name ~ ' as held where held.' ~ field ~ ' = gone.' ~ field ~ ') limit 1'
            ) -%}
            {%- if lost | length -%}{{ return(true) }}{%- endif -%}
        {%- elif key in selected_resources -%}
            {{ return(true) }}
        {%- endif -%}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}
