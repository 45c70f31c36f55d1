{#- One text, one meaning on DuckDB (default__) and Spark (spark__). Every dialect gap lives here; no model branches on the target. -#}

{#- ISO 8601 text to UTC wall-clock timestamp; text without an offset is UTC; null when it is no valid time. -#}
{% macro iso_to_utc(text) %}{{ return(adapter.dispatch('iso_to_utc', 'vitals')(text)) }}{% endmacro %}
{% macro default__iso_to_utc(text) %}(try_cast(trim({{ text }}) as timestamptz) at time zone 'UTC'){% endmacro %}
{% macro spark__iso_to_utc(text) %}{{ clock_from(text) }}{% endmacro %}

{#- ISO 8601 text without an offset to the wall clock that it shows; null when it is no valid time. -#}
{% macro clock_from(text) %}{{ return(adapter.dispatch('clock_from', 'vitals')(text)) }}{% endmacro %}
{% macro default__clock_from(text) %}try_cast(trim({{ text }}) as timestamp){% endmacro %}
{#- Spark also takes words (`yesterday`), hours alone and a blank before an offset for times, and no slashes: DuckDB does the contrary. -#}
{% macro spark__clock_from(text) -%}
    case
        when
            trim({{ text }}) rlike '^[0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2}([T ][0-9]{1,2}:.*)?$'
            and not trim({{ text }}) rlike ' [-+]'
            then try_cast(translate(substr(trim({{ text }}), 1, 10), '/', '-') || substr(trim({{ text }}), 11) as timestamp)
    end
{%- endmacro %}

{#- Epoch seconds as text, with or without a fraction, to UTC timestamp; null when it is no number. -#}
{% macro epoch_to_utc(text) %}{{ return(adapter.dispatch('epoch_to_utc', 'vitals')(text)) }}{% endmacro %}
{% macro default__epoch_to_utc(text) -%}
    make_timestamp(cast(
        round(cast(try_cast(trim({{ text }}) as decimal(18, 6)) as decimal(28, 6)) * 1000000) as bigint
    ))
{%- endmacro %}
{% macro spark__epoch_to_utc(text) -%}
    timestamp_micros(cast(
        round(cast(try_cast(trim({{ text }}) as decimal(18, 6)) as decimal(28, 6)) * 1000000) as bigint
    ))
{%- endmacro %}

{#- Text such as `Mon, 05 Oct 2026 08:00:00 +0000` (RFC 2822) to the wall clock that it shows, its zone left out; null when it is none. -#}
{% macro rfc_2822_clock(text) %}{{ return(adapter.dispatch('rfc_2822_clock', 'vitals')(text)) }}{% endmacro %}
{% macro default__rfc_2822_clock(text) %}try_strptime({{ rfc_2822_core(text) }}, '%d %b %Y %H:%M:%S'){% endmacro %}
{% macro spark__rfc_2822_clock(text) %}try_to_timestamp({{ rfc_2822_core(text) }}, 'd MMM yyyy H:mm:ss'){% endmacro %}
{% macro rfc_2822_core(text) -%}
    {{ matched(text, '[0-9]{1,2} [A-Z][a-z][a-z] [0-9]{4} [0-9]{1,2}:[0-9]{2}:[0-9]{2}') }}
{%- endmacro %}

{#- UTC timestamp to the wall clock of an IANA zone. -#}
{% macro utc_to_local(ts, zone) %}{{ return(adapter.dispatch('utc_to_local', 'vitals')(ts, zone)) }}{% endmacro %}
{% macro default__utc_to_local(ts, zone) %}(({{ ts }} at time zone 'UTC') at time zone {{ zone }}){% endmacro %}
{% macro spark__utc_to_local(ts, zone) %}from_utc_timestamp({{ ts }}, {{ zone }}){% endmacro %}

{#- Wall clock of an IANA zone to UTC timestamp. -#}
{% macro local_to_utc(ts, zone) %}{{ return(adapter.dispatch('local_to_utc', 'vitals')(ts, zone)) }}{% endmacro %}
{% macro default__local_to_utc(ts, zone) %}(({{ ts }} at time zone {{ zone }}) at time zone 'UTC'){% endmacro %}
{% macro spark__local_to_utc(ts, zone) %}to_utc_timestamp({{ ts }}, {{ zone }}){% endmacro %}

{#- As local_to_utc; of an hour that occurs twice (the clock goes back) it is the first time. -#}
{% macro first_local_to_utc(ts, zone) -%}
    case
        when {{ utc_to_local(add_seconds(local_to_utc(ts, zone), -3600.0), zone) }} = {{ ts }}
            then {{ add_seconds(local_to_utc(ts, zone), -3600.0) }}
        else {{ local_to_utc(ts, zone) }}
    end
{%- endmacro %}

{#- Elapsed seconds from a to b as decimal(18, 3), sub-second part kept. -#}
{% macro seconds_between(a, b) %}{{ return(adapter.dispatch('seconds_between', 'vitals')(a, b)) }}{% endmacro %}
{% macro default__seconds_between(a, b) -%}
    cast((epoch_us({{ b }}) - epoch_us({{ a }})) / 1000000.0 as decimal(18, 3))
{%- endmacro %}
{% macro spark__seconds_between(a, b) -%}
    cast((unix_micros({{ b }}) - unix_micros({{ a }})) / 1000000.0D as decimal(18, 3))
{%- endmacro %}

{#- Timestamp plus seconds (a number, may be fractional or negative). -#}
{% macro add_seconds(ts, seconds) %}{{ return(adapter.dispatch('add_seconds', 'vitals')(ts, seconds)) }}{% endmacro %}
{% macro default__add_seconds(ts, seconds) -%}
    make_timestamp(epoch_us({{ ts }}) + cast(round(({{ seconds }}) * 1000000) as bigint))
{%- endmacro %}
{% macro spark__add_seconds(ts, seconds) -%}
    timestamp_micros(unix_micros({{ ts }}) + cast(round(({{ seconds }}) * 1000000) as bigint))
{%- endmacro %}

{#- Start of the interval of so many minutes that holds the timestamp. -#}
{% macro floor_minutes(ts, minutes) %}{{ return(adapter.dispatch('floor_minutes', 'vitals')(ts, minutes)) }}{% endmacro %}
{% macro default__floor_minutes(ts, minutes) -%}
    time_bucket(interval '{{ minutes }} minutes', {{ ts }}, timestamp '1970-01-01')
{%- endmacro %}
{% macro spark__floor_minutes(ts, minutes) -%}
    timestamp_seconds((unix_seconds({{ ts }}) div ({{ minutes }} * 60)) * ({{ minutes }} * 60))
{%- endmacro %}

{#-
    Join that gives each row one row per bucket of so many minutes that [from, to) touches, as buckets.column; from must be before to.
-#}
{% macro lateral_buckets(from_ts, to_ts, minutes, buckets, column) -%}
    {{ return(adapter.dispatch('lateral_buckets', 'vitals')(from_ts, to_ts, minutes, buckets, column)) }}
{%- endmacro %}
{% macro default__lateral_buckets(from_ts, to_ts, minutes, buckets, column) -%}
    cross join lateral (
        select unnest(generate_series(
            {{ floor_minutes(from_ts, minutes) }},
            {{ to_ts }} - interval '1 microsecond',
            interval '{{ minutes }} minutes'
        )) as {{ column }}
    ) as {{ buckets }}
{%- endmacro %}
{% macro spark__lateral_buckets(from_ts, to_ts, minutes, buckets, column) -%}
    lateral view explode(sequence(
        {{ floor_minutes(from_ts, minutes) }},
        {{ to_ts }} - interval '1' microsecond,
        interval '{{ minutes }}' minute
    )) {{ buckets }} as {{ column }}
{%- endmacro %}

{#- Whole days from date a to date b. -#}
{% macro days_between(a, b) %}{{ return(adapter.dispatch('days_between', 'vitals')(a, b)) }}{% endmacro %}
{% macro default__days_between(a, b) %}(cast({{ b }} as date) - cast({{ a }} as date)){% endmacro %}
{% macro spark__days_between(a, b) %}datediff(cast({{ b }} as date), cast({{ a }} as date)){% endmacro %}

{#- Date plus whole days (a number; negative goes back). -#}
{% macro add_days(day, days) %}{{ return(adapter.dispatch('add_days', 'vitals')(day, days)) }}{% endmacro %}
{% macro default__add_days(day, days) %}({{ day }} + cast({{ days }} as integer)){% endmacro %}
{% macro spark__add_days(day, days) %}date_add({{ day }}, cast({{ days }} as int)){% endmacro %}

{#- The first day of a date's month. -#}
{% macro month_of(day) %}cast({{ dbt.date_trunc('month', day) }} as date){% endmacro %}

{#- ISO weekday of a date: Monday 1 … Sunday 7. -#}
{% macro iso_weekday(day) %}{{ return(adapter.dispatch('iso_weekday', 'vitals')(day)) }}{% endmacro %}
{% macro default__iso_weekday(day) %}cast(isodow({{ day }}) as integer){% endmacro %}
{% macro spark__iso_weekday(day) %}cast((dayofweek({{ day }}) + 5) % 7 + 1 as int){% endmacro %}

{#- Text at a path (`A.B`, keys as the platform writes them) inside JSON text; null when absent. -#}
{% macro json_text(json, path) %}{{ return(adapter.dispatch('json_text', 'vitals')(json, path)) }}{% endmacro %}
{% macro default__json_text(json, path) %}json_extract_string({{ json }}, '$.{{ path }}'){% endmacro %}
{% macro spark__json_text(json, path) %}get_json_object({{ json }}, '$.{{ path }}'){% endmacro %}

{#- The texts at several paths inside JSON text, as a list: the document is read once for all of them. `nth` takes one out. -#}
{% macro json_texts(json, paths) %}{{ return(adapter.dispatch('json_texts', 'vitals')(json, paths | list)) }}{% endmacro %}
{% macro default__json_texts(json, paths) %}json_extract_string({{ json }}, ['$.{{ paths | join("', '$.") }}']){% endmacro %}
{% macro spark__json_texts(json, paths) -%}
    array(
    {%- for path in paths %}{{ json_text(json, path) }}{{ ', ' if not loop.last }}{% endfor -%}
    )
{%- endmacro %}

{#- The element of a list at a place, counted from 1. -#}
{% macro nth(elements, place) %}{{ return(adapter.dispatch('nth', 'vitals')(elements, place)) }}{% endmacro %}
{% macro default__nth(elements, place) %}list_extract({{ elements }}, {{ place }}){% endmacro %}
{% macro spark__nth(elements, place) %}element_at({{ elements }}, {{ place }}){% endmacro %}

{#- Number of elements of a JSON array in text; null when it is none. -#}
{% macro json_array_length(json) %}{{ return(adapter.dispatch('json_array_length', 'vitals')(json)) }}{% endmacro %}
{% macro default__json_array_length(json) %}cast(json_array_length({{ json }}) as bigint){% endmacro %}
{% macro spark__json_array_length(json) %}cast(json_array_length({{ json }}) as bigint){% endmacro %}

{#- One row per element of a JSON array in text, each as JSON text: a select item, not to be nested; no row when it is none. -#}
{% macro json_to_rows(json) %}{{ return(adapter.dispatch('json_to_rows', 'vitals')(json)) }}{% endmacro %}
{% macro default__json_to_rows(json) -%}
    unnest(cast(json_extract({{ json }}, '$[*]') as varchar[]))
{%- endmacro %}
{% macro spark__json_to_rows(json) %}explode(from_json({{ json }}, 'array<string>')){% endmacro %}

{#- One row per member of a JSON object in text, a struct of key and value (text): a select item, not to be nested; no row when it is null. -#}
{% macro json_members_to_rows(json) %}{{ return(adapter.dispatch('json_members_to_rows', 'vitals')(json)) }}{% endmacro %}
{% macro default__json_members_to_rows(json) -%}
    unnest(map_entries(cast(cast({{ json }} as json) as map(varchar, varchar))))
{%- endmacro %}
{% macro spark__json_members_to_rows(json) %}explode(map_entries(from_json({{ json }}, 'map<string,string>'))){% endmacro %}

{#- Text of the member of a JSON object in text whose name a column holds; null when absent. -#}
{% macro json_member(json, key) %}{{ return(adapter.dispatch('json_member', 'vitals')(json, key)) }}{% endmacro %}
{% macro default__json_member(json, key) %}json_extract_string({{ json }}, '$."' || {{ key }} || '"'){% endmacro %}
{% macro spark__json_member(json, key) %}get_json_object({{ json }}, '$.' || {{ key }}){% endmacro %}

{#- The latest of all ISO 8601 UTC times that stand anywhere in a text; null when there is none. -#}
{% macro latest_time_in(text) %}{{ return(adapter.dispatch('latest_time_in', 'vitals')(text)) }}{% endmacro %}
{% macro default__latest_time_in(text) -%}
    list_max(list_transform(
        regexp_extract_all({{ text }}, '{{ iso_pattern() }}'), lambda x: {{ iso_to_utc('x') }}
    ))
{%- endmacro %}
{% macro spark__latest_time_in(text) -%}
    array_max(transform(regexp_extract_all({{ text }}, '{{ iso_pattern() }}', 0), x -> {{ iso_to_utc('x') }}))
{%- endmacro %}

{#- Whether something in a text looks like an ISO 8601 UTC time and is none (30 February); null when the text is. -#}
{% macro has_broken_time(text) %}{{ return(adapter.dispatch('has_broken_time', 'vitals')(text)) }}{% endmacro %}
{% macro default__has_broken_time(text) -%}
    list_contains(list_transform(
        regexp_extract_all({{ text }}, '{{ iso_pattern() }}'), lambda x: {{ iso_to_utc('x') }} is null
    ), true)
{%- endmacro %}
{% macro spark__has_broken_time(text) -%}
    array_contains(
        transform(regexp_extract_all({{ text }}, '{{ iso_pattern() }}', 0), x -> {{ iso_to_utc('x') }} is null), true
    )
{%- endmacro %}

{#- ISO 8601 UTC times; the day may have one digit, as some exports write it. -#}
{% macro iso_pattern() %}{{ return('[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}T[0-9:.]+Z') }}{% endmacro %}

{#- Replace every match of a pattern (no backslashes: they mean different things) by a text. -#}
{% macro regexp_replace_all(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('regexp_replace_all', 'vitals')(text, pattern, replacement)) }}
{%- endmacro %}
{% macro default__regexp_replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
{% macro spark__regexp_replace_all(text, pattern, replacement) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '{{ replacement }}')
{%- endmacro %}

{#- Whether a pattern (no backslashes) is found in a text; null when the text is. -#}
{% macro matches(text, pattern) %}{{ return(adapter.dispatch('matches', 'vitals')(text, pattern)) }}{% endmacro %}
{% macro default__matches(text, pattern) %}regexp_matches({{ text }}, '{{ pattern }}'){% endmacro %}
{% macro spark__matches(text, pattern) %}({{ text }} rlike '{{ pattern }}'){% endmacro %}

{#- The first part of a text that a pattern (no backslashes) finds; empty text when it finds none. -#}
{% macro matched(text, pattern) %}regexp_extract({{ text }}, '{{ pattern }}', 0){% endmacro %}

{#- Aggregate: the distinct texts of a group in alphabetical order, joined by `, `; empty text when there is none. -#}
{% macro list_distinct_sorted(text) %}{{ return(adapter.dispatch('list_distinct_sorted', 'vitals')(text)) }}{% endmacro %}
{% macro default__list_distinct_sorted(text) -%}
    coalesce(array_to_string(list_sort(list(distinct {{ text }})), ', '), '')
{%- endmacro %}
{% macro spark__list_distinct_sorted(text) %}array_join(array_sort(collect_set({{ text }})), ', '){% endmacro %}

{#- Aggregate: the group's texts one after the other, in the order of a key that is never null. -#}
{% macro joined_in_order(text, separator, key) %}{{ return(adapter.dispatch('joined_in_order', 'vitals')(text, separator, key)) }}{% endmacro %}
{% macro default__joined_in_order(text, separator, key) -%}
    string_agg({{ text }}, '{{ separator }}' order by {{ key }})
{%- endmacro %}
{% macro spark__joined_in_order(text, separator, key) -%}
    listagg({{ text }}, '{{ separator }}') within group (order by {{ key }})
{%- endmacro %}

{#- Text number to seconds, decimal(18, 3); null when it is no number. -#}
{% macro seconds_from(text) %}try_cast(trim({{ text }}) as decimal(18, 3)){% endmacro %}

{#- Stable md5 key over columns; null and empty text differ. -#}
{% macro surrogate_key(columns) -%}
    md5({% for column in columns -%}
        coalesce(cast({{ column }} as {{ dbt.type_string() }}), '~null~')
        {%- if not loop.last %} || '|' || {% endif %}
    {%- endfor %})
{%- endmacro %}

{#- Numerator over denominator as double; null when the denominator is 0 or null. -#}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
{%- endmacro %}
