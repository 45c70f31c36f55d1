{#-
    Spans of agents cut at midnight UTC: one row per span × day that it reaches, with `utc_date`, so that a day's rows are computed
    without any other day's. spans: a relation with agent_id, started_at and ended_at; columns: its other columns.
-#}
{% macro cut_by_day(spans, columns) -%}
    select
        cut.agent_id,
        cut.utc_date,
        {%- for column in columns %}
        cut.{{ column }},
        {%- endfor %}
        cut.started_at,
        cut.ended_at
    from (
        select
            whole.agent_id,
            cast(days.midnight_at as date) as utc_date,
            {%- for column in columns %}
            whole.{{ column }},
            {%- endfor %}
            greatest(whole.started_at, days.midnight_at) as started_at,
            least(whole.ended_at, days.midnight_at + interval '1' day) as ended_at
        from (
            select * from {{ spans }}
            where
                started_at < ended_at
                and {{ only_near_touched('agent_id', 'started_at', 'ended_at') }}
        ) as whole
        {{ lateral_buckets('whole.started_at', 'whole.ended_at', 1440, 'days', 'midnight_at') }}
    ) as cut
    where {{ only_touched(['agent_id', 'utc_date']) }}
{%- endmacro %}

{#- A query for agent and day, UTC, of every day that changed spans of a tracked model reach. -#}
{% macro changed_days(model_name) -%}
    select
        spans.agent_id,
        cast(days.midnight_at as date)
    from (select * from {{ changes(model_name) }} where started_at < counted_until_at) as spans
    {{ lateral_buckets('spans.started_at', 'spans.counted_until_at', 1440, 'days', 'midnight_at') }}
{%- endmacro %}

{#-
    Spans that may overlap, swept into stretches in which nothing changes: one row per stretch in which anything is going on, with
    how many spans of each measure go on in it. Stretches never overlap, so whatever is summed over them is wall-clock time.
    After the last change nothing goes on.
    spans: a relation with keys, started_at, ended_at and one 0 / 1 column per measure; empty spans count nothing.
-#}
{% macro swept(spans, keys, measures) -%}
    {%- set by = keys | join(', ') -%}
    select
        {{ by }},
        started_at,
        ended_at,
        {{ measures | join(', ') }}
    from (
        select
            {{ by }},
            changed_at as started_at,
            lead(changed_at) over keyed as ended_at,
            {%- for measure in measures %}
            cast(sum({{ measure }}_change) over so_far as bigint) as {{ measure }}{{ ',' if not loop.last }}
            {%- endfor %}
        from (
            select
                {{ by }},
                changed_at,
                {%- for measure in measures %}
                cast(sum({{ measure }}_change) as integer) as {{ measure }}_change{{ ',' if not loop.last }}
                {%- endfor %}
            from (
                {%- for edge, sign in [('started_at', ''), ('ended_at', '-')] %}
                select
                    {{ by }},
                    {{ edge }} as changed_at,
                    {%- for measure in measures %}
                    {{ sign }}{{ measure }} as {{ measure }}_change{{ ',' if not loop.last }}
                    {%- endfor %}
                from {{ spans }}
                where started_at < ended_at
                {{ 'union all' if not loop.last }}
                {%- endfor %}
            ) as edges
            group by {{ by }}, changed_at
        ) as changes
        window
            keyed as (partition by {{ by }} order by changed_at nulls last),
            so_far as (
                partition by {{ by }} order by changed_at nulls last
                rows between unbounded preceding and current row
            )
    ) as stretches
    where {{ measures | join(' + ') }} > 0
{%- endmacro %}
