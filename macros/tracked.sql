{#-
    Tracked models: tables that a build brings up to date by computing only what changed. A model has a *unit*: the columns (or
    expressions) by which its rows are computed together: one contact, one customer of a client, one day. It names, for each table that
    it reads, which units a changed row of it touches. A build computes the touched units anew, compares them with what the table held,
    replaces the units that differ and notes the rows that went and came in `changes.<model>`, which tells the next models what to do.
    Whatever the order and size of the steps, the table equals that of one full build.

    Who is built how stands in `changes.plan`, which `vitals build` writes (scripts/vitals/tracking.py). Without a plan, as in a plain
    `dbt build`, every model is built whole, and so is everything in the next `vitals build`.
-#}

{#- How the model at hand is built: `new` (nothing is known of its table), `whole` (all of it, compared) or `touched`. -#}
{% macro tracking_mode() -%}
    {%- if not execute or model.resource_type != 'model' -%}{{ return('new') }}{%- endif -%}
    {%- if load_cached_relation(this) is none or not has_plan() -%}{{ return('new') }}{%- endif -%}
    {%- set found = run_query("select mode from " ~ changes('plan') ~ " where model = '" ~ model.name ~ "'") -%}
    {%- set mode = found.rows[0][0] if found | length else 'new' -%}
    {{ return('whole' if mode == 'touched' and config.get('incremental_strategy') == 'whole' else mode) }}
{%- endmacro %}

{#- Whether `vitals build` has planned this run. -#}
{% macro has_plan() %}{{ return(has_changes('plan')) }}{% endmacro %}

{#- Whether schema `changes` has a table. A plain query: asking dbt's cache would begin a transaction that a hook never ends. -#}
{% macro has_changes(table) %}{{ return(adapter.dispatch('has_changes', 'vitals')(table)) }}{% endmacro %}
{% macro default__has_changes(table) -%}
    {{ return(run_query(
        "select 1 from duckdb_tables() where schema_name = 'changes' and table_name = '" ~ table ~ "'"
    ) | length > 0) }}
{%- endmacro %}
{% macro spark__has_changes(table) %}{{ return(false) }}{% endmacro %}

{#- A run without a plan builds tracked models in a way that their next plan cannot know: that one then builds them all anew. -#}
{% macro forget_unplanned() -%}
    {%- if flags.WHICH in ('build', 'run') and has_changes('code') and not has_plan() -%}
        {%- do run_query('delete from ' ~ changes('code')) -%}
    {%- endif -%}
{%- endmacro %}

{#- Rows of a tracked model that went and came since the last whole run, with `has_come`: true for those that came. -#}
{% macro changes(model_name) %}{{ return('changes.' ~ model_name) }}{% endmacro %}

{#- A query for a column of every changed row of some tracked models. -#}
{% macro changed(column, model_names) -%}
    {%- set queries = [] -%}
    {%- for name in model_names %}{% do queries.append('select ' ~ column ~ ' from ' ~ changes(name)) %}{% endfor -%}
    {{ return(queries | join(' union all ')) }}
{%- endmacro %}

{#- The rows that the last live round put in the place of a tracked model's units. -#}
{% macro replaced(model_name) %}{{ return(changes(model_name ~ '__replaced')) }}{% endmacro %}

{#- The units of the model at hand that this run computes. -#}
{% macro touched_units() %}{{ return('changes.' ~ model.name ~ '__touched') }}{% endmacro %}

{#-
    Declares the model at hand as tracked, at its top. unit: its unit, a column or a list of them. by: for each tracked model that it reads, what a
    changed row of it touches, as expressions over that row, in the unit's order. also: queries that give further units.
-#}
{% macro tracked(unit, by={}, also=[]) -%}
    {%- set units = [unit] if unit is string else unit -%}
    {{- config(materialized='tracked', unique_key=units) -}}
    {%- if tracking_mode() == 'touched' -%}
        {%- set queries = also | list -%}
        {%- for name, expressions in by.items() -%}
            {%- set columns = [expressions] if expressions is string else expressions -%}
            {%- do queries.append('select ' ~ columns | join(', ') ~ ' from ' ~ changes(name)) -%}
        {%- endfor -%}
        {%- do touch(units | length, queries) -%}
    {%- endif -%}
{%- endmacro %}

{#- Declares the model at hand as tracked and small: it is always computed whole, and compared. -#}
{% macro tracked_whole(unit) -%}
    {{- config(materialized='tracked', unique_key=[unit] if unit is string else unit, incremental_strategy='whole') -}}
{%- endmacro %}

{#-
    Declares the model at hand as the tracked union of one contract table's platforms (var `platforms`): what changed in one of them is
    united anew, and all of it when a word of a map did. entity: the contract table; unit: its unit, a column or a list of them; also:
    queries that give further units; has_words: whether it reads the maps.
-#}
{% macro tracked_union(entity, unit, also=[], has_words=true) -%}
    {%- set by = {} -%}
    {%- for platform in var('platforms')[entity] -%}
        {%- do by.update({'int_' ~ entity ~ '__' ~ platform: unit}) -%}
    {%- endfor -%}
    {{ tracked(unit, by=by, also=also + ([
        'select ' ~ (unit if unit is string else unit | join(', ')) ~ ' from ' ~ this ~ ' where exists (select 1 from ' ~ changes('int_value_maps__unioned') ~ ')'
    ] if has_words else [])) }}
{%- endmacro %}

{#- Whether the moment as of which the warehouse is built lies before the one of the last build, as a condition. -#}
{% macro as_of_went_back() -%}
    exists (
        select 1
        from {{ ref('int_runs__resolved') }} as runs
        inner join {{ changes('int_runs__resolved') }} as earlier
            on not earlier.has_come and runs.as_of < earlier.as_of
    )
{%- endmacro %}

{#- Writes the units of the model at hand that this run computes: what the queries give, in `count` columns. -#}
{% macro touch(count, queries) -%}
    {%- set names = [] -%}
    {%- for number in range(count) %}{% do names.append('unit_' ~ number) %}{% endfor -%}
    {%- do run_query(
        'create or replace table ' ~ touched_units() ~ ' as select distinct * from (\n'
        ~ queries | join('\nunion all\n') ~ '\n) as units (' ~ names | join(', ') ~ ')'
    ) -%}
{%- endmacro %}

{#-
    A condition that keeps what this run has to compute: always true when the model is built whole. unit: the unit in the columns at
    hand, a column or expression or a list of them; among: a query that gives the values to keep, instead of the touched units.
-#}
{% macro only_touched(unit, among=none) -%}
    {%- if tracking_mode() == 'touched' -%}
        {%- set tuple = unit if unit is string else '(' ~ unit | join(', ') ~ ')' -%}
        {{ tuple }} in ({{ among or 'select * from ' ~ touched_units() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#-
    A condition that keeps, of every touched key, what lies at its first touched moment or after it: for models whose rows depend on
    what comes later. The unit is a key and a moment.
-#}
{% macro only_touched_since(key, moment) -%}
    {%- if tracking_mode() == 'touched' -%}
        {{ moment }} >= (select min(unit_1) from {{ touched_units() }})
        and exists (
            select 1
            from (select unit_0, min(unit_1) as since from {{ touched_units() }} group by unit_0) as touched
            where touched.unit_0 = {{ key }} and touched.since <= {{ moment }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#-
    A condition that keeps the spans of touched keys from a moment to another that may reach into a touched day, give or take `days`
    for days of other zones: it spares a look at all of history. The unit is a key and a day.
-#}
{% macro only_near_touched(key, from_at, to_at, days=0) -%}
    {%- if tracking_mode() == 'touched' -%}
        {{ key }} in (select unit_0 from {{ touched_units() }})
        and cast({{ to_at }} as date) >= (select {{ add_days('min(unit_1)', -days) }} from {{ touched_units() }})
        and cast({{ from_at }} as date) <= (select {{ add_days('max(unit_1)', days) }} from {{ touched_units() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}

{#- The landed rows of a stream that a staging model has to read: of the files that are new or were rewritten, or of all. -#}
{% macro landed_rows(platform, stream) -%}
    {%- set all_rows = source(platform, stream) -%}
    {%- if tracking_mode() == 'touched' -%}
        {%- set files = run_query(
            "select file from " ~ changes('changed_files') ~ " where platform = '" ~ platform ~ "' and stream = '" ~ stream
            ~ "' and file is not null order by file nulls last"
        ).columns[0].values() -%}
        {{ return(rows_of_files(files) if files else '(select * from ' ~ all_rows ~ ' where false)') }}
    {%- endif -%}
    {{ return(all_rows) }}
{%- endmacro %}

{#- The rows of Parquet files as a relation. -#}
{% macro rows_of_files(files) %}{{ return(adapter.dispatch('rows_of_files', 'vitals')(files)) }}{% endmacro %}
{% macro default__rows_of_files(files) -%}
    {{ return("read_parquet(['" ~ files | map('replace', "'", "''") | join("', '") ~ "'])") }}
{%- endmacro %}
{% macro spark__rows_of_files(files) -%}
    {{ return('(select * from parquet.`' ~ files | join('` union all select * from parquet.`') ~ '`)') }}
{%- endmacro %}

{#- Every column of a relation but one. -#}
{% macro all_but(column) %}{{ return(adapter.dispatch('all_but', 'vitals')(column)) }}{% endmacro %}
{% macro default__all_but(column) %}* exclude ({{ column }}){% endmacro %}
{% macro spark__all_but(column) %}* except ({{ column }}){% endmacro %}

{#-
    The last step of a staging model: its rows with what becomes of each (`record_status`). rows: a CTE with `record_key`, `updated_at`,
    where each row comes from and `quarantine_reason`. When only changed files are read, the staged rows of other files that share a key
    with theirs, or with rows that these files no longer hold, are judged again.
-#}
{% macro staged(rows, platform, stream) -%}
    {%- set key = config.get('unique_key') -%}
    {%- if tracking_mode() == 'touched' -%}
        {%- set changed = "select file_hash from " ~ changes('changed_files') ~ " where platform = '" ~ platform
            ~ "' and stream = '" ~ stream ~ "'" -%}
        {#- a file's own hash is no key; it makes that a new file is reason enough to run -#}
        {%- do touch(1, [changed, 'select ' ~ key ~ ' from ' ~ this ~ ' where file_hash in (' ~ changed ~ ')']) -%}
    select
        *,
        {{ record_status() }} as record_status
    from (
        select * from {{ rows }}
        union all
        select {{ all_but('record_status') }} from {{ this }}
        where
            file_hash not in ({{ changed }})
            and record_key in (select record_key from {{ rows }} union all select * from {{ touched_units() }})
    ) as versions
    {%- else -%}
    select
        *,
        {{ record_status() }} as record_status
    from {{ rows }}
    {%- endif -%}
{%- endmacro %}

{% materialization tracked, adapter='duckdb', supported_languages=['sql'] -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='table') -%}
    {%- set mode = tracking_mode() -%}
    {%- set to_drop = [] -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% if mode == 'new' -%}
        {%- set intermediate = make_intermediate_relation(target) -%}
        {%- set backup = make_backup_relation(target, 'table' if existing is none else existing.type) -%}
        {{ drop_relation_if_exists(load_cached_relation(intermediate)) }}
        {{ drop_relation_if_exists(load_cached_relation(backup)) }}
        {% call statement('main') -%}{{ create_table_as(False, intermediate, compiled_code, 'sql') }}{%- endcall %}
        {%- if existing is not none -%}
            {%- do adapter.rename_relation(existing, backup) -%}
            {%- do to_drop.append(backup) -%}
        {%- endif -%}
        {%- do adapter.rename_relation(intermediate, target) -%}
        {%- if has_plan() -%}{%- do run_query(note_as_built(target)) -%}{%- endif -%}
    {%- elif mode == 'touched' and not run_query('select 1 from ' ~ touched_units() ~ ' limit 1') | length -%}
        {% call statement('main') -%}select 'untouched' as outcome{%- endcall %}
    {%- else -%}
        {% call statement('main') -%}{{ replace_units(target, compiled_code, mode) }}{%- endcall %}
    {%- endif %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {% for relation in to_drop %}{% do drop_relation_if_exists(relation) %}{% endfor %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{%- endmaterialization %}

{#- On Spark a tracked model is a table that every build computes whole: nothing is noted of what changed. -#}
{% materialization tracked, adapter='spark', supported_languages=['sql'] -%}
    {{ return(materialization_table_spark()) }}
{%- endmaterialization %}

{#- Statements: the table stands, and nothing in it is news to models that are built after it in the same plan. -#}
{% macro note_as_built(target) -%}
    create or replace table {{ changes(model.name) }} as select *, true as has_come from {{ target }} limit 0;
    delete from {{ changes('built') }} where model = '{{ model.name }}';
    insert into {{ changes('built') }} values ('{{ model.name }}');
    insert into {{ changes('anew') }} values ('{{ model.name }}');
{%- endmacro %}

{#- Statements: compute the units, compare them with what the table holds, replace those that differ, and note their rows. -#}
{% macro replace_units(target, sql, mode) -%}
    {%- set units = config.get('unique_key') -%}
    {%- set units = [units] if units is string else units -%}
    {%- set unit = units[0] if units | length == 1 else '(' ~ units | join(', ') ~ ')' -%}
    {%- set given = units | join(', ') -%}
    {%- set columns = model.columns.keys() | join(', ') if config.get('contract').enforced else '*' -%}
    {%- set new, old, differing = model.name ~ '__new', model.name ~ '__old', model.name ~ '__differing' -%}
    create or replace temp table {{ new }} as select {{ columns }} from (
    {{ sql }}
    );
    create or replace temp table {{ old }} as select {{ columns }}, rowid as held_row from {{ target }}
    {%- if mode == 'touched' %}
    where {{ unit }} in (select {{ given }} from {{ new }} union all select * from {{ touched_units() }})
    {%- endif %};
    create or replace temp table {{ differing }} as
    select *, true as has_come from (select * from {{ new }} except all select {{ all_but('held_row') }} from {{ old }})
    union all
    select *, false as has_come from (select {{ all_but('held_row') }} from {{ old }} except all select * from {{ new }});
    delete from {{ target }} where rowid in (
        select held_row from {{ old }} where {{ unit }} in (select {{ given }} from {{ differing }})
    );
    insert into {{ target }} select * from {{ new }} where {{ unit }} in (select {{ given }} from {{ differing }});
    {%- if var('is_live', false) %}
    create or replace table {{ replaced(model.name) }} as
    select * from {{ new }} where {{ unit }} in (select {{ given }} from {{ differing }});
    {%- endif %}
    insert into {{ changes(model.name) }} select * from {{ differing }};
    drop table {{ new }};
    drop table {{ old }};
    drop table {{ differing }};
{%- endmacro %}
