{#-
    The rules in force for each scope and day, one row per rule (rule_name, rule_value, valid_from): of all rows that apply the most
    specific, queue before client before channel. scopes: a relation with client, queue, channel, day; rules: one with client, queue,
    channel (null = any), valid_from, valid_to (excluded), a name and a value.
-#}
{% macro rules_in_force(scopes, rules, name, value) -%}
    select
        client,
        queue,
        channel,
        day,
        rule_name,
        rule_value,
        valid_from
    from (
        select
            scopes.client,
            scopes.queue,
            scopes.channel,
            scopes.day,
            rules.{{ name }} as rule_name,
            rules.{{ value }} as rule_value,
            rules.valid_from,
            row_number() over (
                partition by scopes.client, scopes.queue, scopes.channel, scopes.day, rules.{{ name }}
                order by
                    rules.queue is null nulls last,
                    rules.client is null nulls last,
                    rules.channel is null nulls last,
                    rules.valid_from desc nulls last
            ) as preference
        from {{ scopes }} as scopes
        inner join {{ rules }} as rules
            on
                (rules.queue is null or scopes.queue = rules.queue)
                and (rules.client is null or scopes.client = rules.client)
                and (rules.channel is null or scopes.channel = rules.channel)
                and scopes.day >= rules.valid_from
                and (rules.valid_to is null or scopes.day < rules.valid_to)
    ) as candidates
    where preference = 1
{%- endmacro %}

{#- The same, one row per scope and day with one column per rule; names: which rules. -#}
{% macro in_force(scopes, rules, name, value, names) -%}
    select
        client,
        queue,
        channel,
        day,
        {%- for one in names %}
        max(case when rule_name = '{{ one }}' then rule_value end) as {{ one }}{{ ',' if not loop.last }}
        {%- endfor %}
    from ({{ rules_in_force(scopes, rules, name, value) }}) as rules_found
    group by client, queue, channel, day
{%- endmacro %}
