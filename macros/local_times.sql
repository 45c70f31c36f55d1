{#-
    Text time to UTC: its own offset where it carries one, else the wall clock of an IANA zone (SQL); null when it is no valid time. Of
    the hour that an autumn change repeats, one of the two is meant, and nothing says which.
-#}
{% macro local_time_to_utc(text, zone) -%}
    case
        when {{ matches('trim(' ~ text ~ ')', ':[0-9.]+ ?([Zz]|[+-][0-9]{2}(:?[0-9]{2})?)$') }} then {{ iso_to_utc(text) }}
        else {{ local_to_utc(clock_from(text), zone) }}
    end
{%- endmacro %}
