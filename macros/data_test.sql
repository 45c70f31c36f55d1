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
