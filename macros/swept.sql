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
            cast(sum({{ measure }}_change) over (
                keyed rows between unbounded preceding and current row
            ) as bigint) as {{ measure }}{{ ',' if not loop.last }}
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
        window keyed as (partition by {{ by }} order by changed_at nulls last)
    ) as stretches
    where {{ measures | join(' + ') }} > 0
{%- endmacro %}
