{#-
    How one file writes its times and numbers. A format is the file's, proven by its rows taken together, and never guessed row by
    row: a staging model asks `proven_formats` once per file, then has `plain_rows` write each text as ISO 8601 or with a decimal
    point. What nothing proves is told by the stream's meta, or its rows wait in quarantine.
-#}

{#-
    One row per file that writes other than ISO times and plain numbers: file_hash, date_order (`day_first`, `month_first` or
    `unproven`) and decimal_mark (`comma`, `point` or `unproven`). times, numbers: the text columns of the source that hold them.
-#}
{% macro proven_formats(platform, stream, times, numbers=[]) -%}
    {%- set dates = "concat_ws('|', trim(" ~ (times or ["''"]) | join('), trim(') ~ '))' -%}
    {%- set above_12 = '(1[3-9]|2[0-9]|3[01])' -%}
    {%- set proves_day_first = 'bool_or(' ~ matches(dates, '(^|[|])' ~ above_12 ~ '[./-][0-9]{1,2}[./-][0-9]{4}') ~ ')' -%}
    {%- set proves_month_first = 'bool_or(' ~ matches(dates, '(^|[|])[0-9]{1,2}[./-]' ~ above_12 ~ '[./-][0-9]{4}') ~ ')' -%}
    {%- set proves_comma = 'bool_or(' ~ any_of(numbers, has_mark_of('comma')) ~ ')' -%}
    {%- set proves_point = 'bool_or(' ~ any_of(numbers, has_mark_of('point')) ~ ')' -%}
    select
        file_hash,
        case
            when {{ proves_day_first }} and not {{ proves_month_first }} then 'day_first'
            when {{ proves_month_first }} and not {{ proves_day_first }} then 'month_first'
            else '{{ stated_format(platform, stream, 'date_order') }}'
        end as date_order,
        case
            when {{ proves_comma }} and not {{ proves_point }} then 'comma'
            when {{ proves_point }} and not {{ proves_comma }} then 'point'
            when not bool_or({{ any_of(numbers, "contains(#, ',')") }}) then 'point'
            else '{{ stated_format(platform, stream, 'decimal_mark') }}'
        end as decimal_mark
    from {{ landed_rows(platform, stream) }}
    where
        file_hash in (
            -- a file of ISO times and plain numbers needs no proof, and costs no more than this look at it; the source itself is
            -- asked, since of a CTE that is asked more than once DuckDB keeps every row
            select file_hash from {{ landed_rows(platform, stream) }}
            where
                {{ any_of(times, "substr(#, 5, 1) not in ('-', '')") }}
                or {{ any_of(numbers, "contains(#, ',') or contains(#, ':') or contains(#, ' ')") }}
        )
    group by file_hash
{%- endmacro %}

{#-
    The rows of the CTE `source`, the formats of their files beside them, and each text that a format decides as `plain_<column>`.
    times, numbers, durations: text columns; a duration is seconds.
-#}
{% macro plain_rows(platform, stream, times, numbers=[], durations=[]) -%}
    select
        source.*,
        {%- for column in times + numbers %}
        source.{{ column }} as plain_{{ column }},
        {%- endfor %}
        {%- for column in durations %}
        {{ seconds_of_number(platform, stream, 'source.' ~ column) }} as plain_{{ column }},
        {%- endfor %}
        cast(null as {{ dbt.type_string() }}) as date_order,
        cast(null as {{ dbt.type_string() }}) as decimal_mark
    from source
    -- apart, and not in one outer join: the files that need no proof, which are nearly all, then cost nothing more
    where not exists (select formats.file_hash from formats where formats.file_hash = source.file_hash)
    union all
    select
        source.*,
        {%- for column in times %}
        {{ plain_time(column) }} as plain_{{ column }},
        {%- endfor %}
        {%- for column in numbers %}
        {{ plain_number(column) }} as plain_{{ column }},
        {%- endfor %}
        {%- for column in durations %}
        {{ plain_seconds(platform, stream, column) }} as plain_{{ column }},
        {%- endfor %}
        formats.date_order,
        formats.decimal_mark
    from {{ landed_rows(platform, stream) }} as source
    inner join formats
        on source.file_hash = formats.file_hash
{%- endmacro %}

{#- A condition with `#` for the column, true when it is of one column at least. -#}
{% macro any_of(columns, condition) -%}
    coalesce(false
    {%- for column in columns %} or {{ condition | replace('#', column) }}{% endfor -%}
    , false)
{%- endmacro %}

{#- Numbers with thousands in groups or without, by decimal mark. -#}
{% macro number_pattern(mark) -%}
    {%- set group, decimal = ('[. ]', ',') if mark == 'comma' else ('[, ]', '[.]') -%}
    {{ return('^[-+]?([0-9]+|[1-9][0-9]{0,2}(' ~ group ~ '[0-9]{3})+)(' ~ decimal ~ '[0-9]+)?$') }}
{%- endmacro %}

{#- That a number `#` can only be read with one decimal mark, and not with the other. -#}
{% macro has_mark_of(mark) -%}
    {%- set other = 'point' if mark == 'comma' else 'comma' -%}
    ({{ matches('trim(#)', number_pattern(mark)) }} and not {{ matches('trim(#)', number_pattern(other)) }})
{%- endmacro %}

{#- What the stream's meta says of a format; `unproven` when it says nothing. -#}
{% macro stated_format(platform, stream, name) -%}
    {%- set stated = [] -%}
    {%- if execute -%}
        {#- a unit test knows no sources: it gives this macro's answer as an override -#}
        {%- for node in graph.get('sources', {}).values() if node.source_name == platform and node.name == stream -%}
            {%- do stated.append(node.config.meta[name] if name in node.config.meta else 'unproven') -%}
        {%- endfor -%}
    {%- endif -%}
    {{ stated[0] if stated else 'unproven' }}
{%- endmacro %}

{#- Whether a text is a date whose first two parts are day and month in one order or the other. -#}
{% macro has_day_and_month(text) -%}
    {{ matches('trim(' ~ text ~ ')', '^[0-9]{1,2}[./-][0-9]{1,2}[./-][0-9]{4}([, ].*)?$') }}
{%- endmacro %}

{#-
    A time as ISO 8601 text: from day and month in the file's `date_order`, with a clock of 24 or 12 hours, or from a spreadsheet's
    number of days (46300.375, to the millisecond; days since 1899-12-30, as Excel counts). Any other text stays as it is.
-#}
{% macro plain_time(text) -%}
    {%- set words = "trim(replace(" ~ text ~ ", ',', ' '))" -%}
    {%- set date = "translate(split_part(" ~ words ~ ", ' ', 1), '.-', '//')" -%}
    {%- set first = "lpad(split_part(" ~ date ~ ", '/', 1), 2, '0')" -%}
    {%- set second = "lpad(split_part(" ~ date ~ ", '/', 2), 2, '0')" -%}
    {%- set clock = "upper(trim(substr(" ~ words ~ ", length(" ~ date ~ ") + 1)))" -%}
    {%- set hour = "split_part(" ~ clock ~ ", ':', 1)" -%}
    case
        when substr(trim({{ text }}), 5, 1) = '-' then {{ text }}
        when date_order in ('day_first', 'month_first') and {{ has_day_and_month(text) }}
            then
                split_part({{ date }}, '/', 3)
                || '-' || case when date_order = 'day_first' then {{ second }} else {{ first }} end
                || '-' || case when date_order = 'day_first' then {{ first }} else {{ second }} end
                || ' '
                || case
                    when {{ clock }} = '' then '00:00'
                    when {{ matches(clock, '^(0?[1-9]|1[0-2])(:[0-9.]+)* ?[AP]M$') }}
                        then
                            lpad(cast(
                                try_cast({{ matched(clock, '^[0-9]+') }} as integer) % 12
                                + case when {{ clock }} like '%PM' then 12 else 0 end
                                as {{ dbt.type_string() }}
                            ), 2, '0')
                            || case
                                when {{ clock }} like '%:%' then {{ matched(clock, ':[0-9:.]+') }}
                                else ':00'
                            end
                    else lpad({{ hour }}, 2, '0') || substr({{ clock }}, length({{ hour }}) + 1)
                end
        when {{ matches('trim(' ~ text ~ ')', '^[2-7][0-9]{4}([.,][0-9]+)?$') }}
            then cast({{ add_seconds(
                "timestamp '1899-12-30 00:00:00'",
                "round(try_cast(replace(trim(" ~ text ~ "), ',', '.') as decimal(28, 10)) * 86400, 3)",
            ) }} as {{ dbt.type_string() }})
        else {{ text }}
    end
{%- endmacro %}

{#-
    A number as text with a decimal point and no thousands' marks, by the file's `decimal_mark`; null when it does not fit that, or
    nothing proves it. Any other text stays as it is.
-#}
{% macro plain_number(text) -%}
    case
        when decimal_mark = 'comma'
            then case
                when {{ matches('trim(' ~ text ~ ')', number_pattern('comma')) }}
                    then replace(replace(replace({{ text }}, '.', ''), ' ', ''), ',', '.')
            end
        when decimal_mark = 'unproven' and {{ matches(text, '[.,]') }} then null
        when {{ matches('trim(' ~ text ~ ')', number_pattern('point')) }}
            then replace(replace({{ text }}, ',', ''), ' ', '')
        else {{ text }}
    end
{%- endmacro %}

{#-
    A duration as text seconds: from a number of seconds, from hours, minutes and seconds (`0:03:30`), or, where the stream's meta says
    `durations: days`, from fractions of a day as spreadsheets keep them. Any other text stays as it is.
-#}
{% macro plain_seconds(platform, stream, text) -%}
    case
        when {{ matches('trim(' ~ text ~ ')', '^[0-9]{1,4}:[0-5][0-9]:[0-5][0-9]([.,][0-9]+)?$') }}
            then cast(
                try_cast(split_part(trim({{ text }}), ':', 1) as decimal(18, 3)) * 3600
                + try_cast(split_part(trim({{ text }}), ':', 2) as decimal(18, 3)) * 60
                + try_cast(replace(split_part(trim({{ text }}), ':', 3), ',', '.') as decimal(18, 3))
                as {{ dbt.type_string() }}
            )
        else {{ seconds_of_number(platform, stream, plain_number(text)) }}
    end
{%- endmacro %}

{#- A number as text seconds: it is days where the stream's meta says so. -#}
{% macro seconds_of_number(platform, stream, number) -%}
    {%- if stated_format(platform, stream, 'durations') == 'days' -%}
        cast(round(try_cast({{ number }} as decimal(28, 10)) * 86400, 3) as {{ dbt.type_string() }})
    {%- else -%}
        {{ number }}
    {%- endif -%}
{%- endmacro %}

{#- Rules for quarantine_reason: texts whose format nothing proves, and what to do. times, numbers: names of the export's columns. -#}
{% macro format_rules(times, numbers=[]) -%}
    {%- set rules = [(
        "case when date_order = 'unproven' then " ~ any_of(times, has_day_and_month('raw_#')) ~ ' end',
        'day/month or month/day? The file proves neither: set date_order (day_first or month_first) in the meta of its stream',
    )] -%}
    {%- if numbers -%}
        {%- do rules.append((
            "case when decimal_mark = 'unproven' then "
            ~ any_of(numbers, matches('raw_#', '^[-+]?[0-9. ,]*[.,][0-9. ,]*$')) ~ ' end',
            'decimal mark or thousands? The file proves neither: set decimal_mark (comma or point) in the meta of its stream',
        )) -%}
    {%- endif -%}
    {{ return(rules) }}
{%- endmacro %}
