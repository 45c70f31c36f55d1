{#- The reasons that hold for a row, joined by '; ', or null when none does. rules: list of (condition, reason). -#}
{% macro quarantine_reason(rules) -%}
    nullif(concat_ws('; ',
    {%- for condition, reason in rules %}
        case when {{ condition }} then '{{ reason }}' end{{ ',' if not loop.last }}
    {%- endfor %}
    ), '')
{%- endmacro %}

{#- True when the export held a value and it could not be read as its type. -#}
{% macro untyped(raw, typed) -%}
    ({{ typed }} is null and nullif(trim({{ raw }}), '') is not null)
{%- endmacro %}

{#-
    What becomes of a staged row: `quarantined` (it breaks a rule), `current` (the latest version of its `record_key`, by `updated_at`),
    `superseded` (an older version) or `duplicate` (the same version again). Of one version delivered twice, the one landed last counts.
-#}
{% macro record_status() -%}
    {#- one window for both questions: a sort of wide rows costs most of a staging model -#}
    {%- set version = "coalesce(updated_at, timestamp '0001-01-01 00:00:00')" -%}
    {%- set versions -%}
        partition by record_key, quarantine_reason is null
        order by
            updated_at desc nulls last, landed_at desc nulls last, source_file desc nulls last, source_row desc nulls last
    {%- endset -%}
    case
        when quarantine_reason is not null then 'quarantined'
        when row_number() over ({{ versions }}) = 1 then 'current'
        when lag({{ version }}) over ({{ versions }}) = {{ version }} then 'duplicate'
        else 'superseded'
    end
{%- endmacro %}

{#- Reasons in words as codes: `acw_seconds is negative; leg_id is missing, and leg_number too` to `acw_seconds_is_negative; leg_id_…`. -#}
{% macro reason_codes(reasons) -%}
    trim(replace({{ regexp_replace_all('lower(' ~ reasons ~ ')', '[^a-z0-9;]+', '_') }}, ';_', '; '))
{%- endmacro %}

{#- Text without the blanks around it; null when nothing is left. -#}
{% macro clean_text(text) %}nullif(trim({{ text }}), ''){% endmacro %}

{#- Boolean of the words that exports and spreadsheets use for it, any case; null for anything else. -#}
{% macro boolean_from(text) -%}
    case
        when lower(trim({{ text }})) in ('true', 't', 'yes', 'y', '1') then true
        when lower(trim({{ text }})) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}

{#- JSON text as it is; null when it is no JSON object or array, so that reading a path of it cannot fail. -#}
{% macro json_document(text) %}{{ return(adapter.dispatch('json_document', 'vitals')(text)) }}{% endmacro %}
{% macro default__json_document(text) -%}
    case when try(json_type({{ text }})) in ('OBJECT', 'ARRAY') then {{ text }} end
{%- endmacro %}
{% macro spark__json_document(text) -%}
    case
        when get_json_object({{ text }}, '$') is not null and substr(trim({{ text }}), 1, 1) in ('{{ "{" }}', '[')
            then {{ text }}
    end
{%- endmacro %}

{#- Text whole number (`2`, or `2.0` as spreadsheets write it) to bigint; null when it is none. -#}
{% macro count_from(text) -%}
    case
        when try_cast(trim({{ text }}) as decimal(18, 3)) = floor(try_cast(trim({{ text }}) as decimal(18, 3)))
            then cast(try_cast(trim({{ text }}) as decimal(18, 3)) as bigint)
    end
{%- endmacro %}

{#-
    Text duration `H:MM:SS` to seconds, decimal(18, 3); null when it is none. A spreadsheet that takes it for a time of day writes 143 s
    as `12:02:23 AM`.
-#}
{% macro seconds_from_clock(text) -%}
    {%- set clock = "upper(trim(" ~ text ~ "))" -%}
    {%- set hours = "try_cast(split_part(" ~ clock ~ ", ':', 1) as decimal(18, 3))" -%}
    cast(case
        when {{ matches(clock, '^[0-9]{1,4}:[0-5][0-9]:[0-5][0-9]([.][0-9]+)?( ?[AP]M)?$') }}
            then
                case
                    when {{ clock }} like '%M'
                        then {{ hours }} % 12 + case when {{ clock }} like '%PM' then 12 else 0 end
                    else {{ hours }}
                end * 3600
                + try_cast(split_part({{ clock }}, ':', 2) as decimal(18, 3)) * 60
                + try_cast({{ matched("split_part(" ~ clock ~ ", ':', 3)", '^[0-9.]+') }} as decimal(18, 3))
    end as decimal(18, 3))
{%- endmacro %}

{#- Text `YYYY-MM`, or any day or time of the month, to the month's first day; null when it is none. -#}
{% macro month_from(text) -%}
    {%- set day = "case when length(trim(" ~ text ~ ")) = 7 then trim(" ~ text ~ ") || '-01' else trim(" ~ text ~ ") end" -%}
    cast({{ dbt.date_trunc('month', iso_to_utc(day)) }} as date)
{%- endmacro %}

{#- Text date or time to the day that it shows, or `YYYY-MM` to the month's first day; null when it is none. Nothing is converted. -#}
{% macro day_from(text) -%}
    {%- set day = "replace(trim(" ~ text ~ "), '/', '-')" -%}
    try_cast(
        case when length({{ day }}) = 7 then {{ day }} || '-01' else substr({{ day }}, 1, 10) end as date
    )
{%- endmacro %}

{#-
    Our id of a platform's record: `<platform>:<native id>`. An id that already starts with the name of a platform in the project
    points at that platform's record and stays as it is.
-#}
{% macro prefixed_id(text, platform) -%}
    {%- set names = [platform] -%}
    {%- for entity_platforms in var('platforms').values() -%}
        {%- for name in entity_platforms if name not in names %}{% do names.append(name) %}{% endfor -%}
    {%- endfor -%}
    case
        when
            contains({{ text }}, ':')
            and split_part(trim({{ text }}), ':', 1) in ('{{ names | join("', '") }}')
            then trim({{ text }})
        else '{{ platform }}:' || {{ clean_text(text) }}
    end
{%- endmacro %}

{#- Text time of a web API, ISO 8601 UTC or RFC 2822 GMT, to UTC timestamp; null when it is none. -#}
{% macro api_time(text) %}coalesce({{ rfc_2822_clock(text) }}, {{ iso_to_utc(text) }}){% endmacro %}

{#- Text epoch seconds, or ISO 8601 UTC as connectors write it, to UTC timestamp; null when it is neither. -#}
{% macro epoch_or_iso(text) -%}
    case
        when {{ matches('trim(' ~ text ~ ')', '^[0-9.]{8,17}$') }} then {{ epoch_to_utc(text) }}
        else {{ iso_to_utc(text) }}
    end
{%- endmacro %}

{#- One row per part of a text: a select item, not to be nested in another expression. -#}
{% macro split_to_rows(text, separator) %}{{ return(adapter.dispatch('split_to_rows', 'vitals')(text, separator)) }}{% endmacro %}
{% macro default__split_to_rows(text, separator) %}unnest(string_split({{ text }}, '{{ separator }}')){% endmacro %}
{% macro spark__split_to_rows(text, separator) %}explode(split({{ text }}, '{{ separator }}')){% endmacro %}

{#-
    Rules for quarantine_reason: a value that stands in the export as `raw_<name>` and cannot be read, or is below zero where nothing
    is. kind: time, seconds, count, number or boolean; columns: names, or (name in the export, typed name) pairs.
-#}
{% macro typing_rules(kind, columns) -%}
    {%- set reasons = {
        'time': 'is no valid time',
        'seconds': 'is not a number of seconds',
        'count': 'is not a whole number',
        'number': 'is not a number',
        'boolean': 'is neither true nor false',
    } -%}
    {%- set rules = [] -%}
    {%- for column in columns -%}
        {%- set raw, typed = (column, column) if column is string else column -%}
        {%- do rules.append((untyped('raw_' ~ raw, typed), raw ~ ' ' ~ reasons[kind])) -%}
        {%- if kind in ('seconds', 'count') -%}
            {%- do rules.append((typed ~ ' < 0', raw ~ ' is negative')) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}

{#- What a Qualtrics response is by its status, a number or its English words: `response`, `preview` or `spam`; null when it is none. -#}
{% macro qualtrics_response_kind(status) -%}
    {%- set code = count_from(status) -%}
    {%- set word = "lower(trim(" ~ status ~ "))" -%}
    case
        -- the number is a sum: 1 preview, 2 test, 4 imported, 8 spam, 16 offline, 32 employees' survey
        when {{ code }} < 0 or {{ code }} > 63 then null
        when {{ code }} % 4 > 0 then 'preview'
        when {{ code }} % 16 >= 8 then 'spam'
        when {{ code }} is not null then 'response'
        when {{ matches(word, '^(offline )?survey (preview|test)( spam)?$') }} then 'preview'
        when {{ matches(word, '^((imported|offline|ex) )?spam$') }} then 'spam'
        when {{ word }} in ('ip address', 'imported', 'offline', 'ex', 'ex offline') then 'response'
    end
{%- endmacro %}
