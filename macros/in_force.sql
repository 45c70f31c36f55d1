{#-
    The rules in force for each scope and day, one column per rule: of all rows that apply the most specific, queue before client before
    channel. scopes: a relation with client, queue, channel, day; rules: one with client, queue, channel (null = any), valid_from, valid_to,
    a name and a value; names: which rules, as columns.
-#}
{% macro in_force(scopes, rules, name, value, names) -%}
    select
        client,
        queue,
        channel,
        day,
        {%- for one in names %}
        max(case when rule_name = '{{ one }}' then rule_value end) as {{ one }}{{ ',' if not loop.last }}
        {%- endfor %}
    from (
        select
            scopes.client,
            scopes.queue,
            scopes.channel,
            scopes.day,
            rules.{{ name }} as rule_name,
            rules.{{ value }} as rule_value,
            row_number() over (
                partition by scopes.client, scopes.queue, scopes.channel, scopes.day, rules.{{ name }}
                order by
                    case when rules.queue is null then 0 else 4 end
                    + case when rules.client is null then 0 else 2 end
                    + case when rules.channel is null then 0 else 1 end desc nulls last,
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
        where rules.{{ name }} in ('{{ names | join("', '") }}')
    ) as candidates
    where preference = 1
    group by client, queue, channel, day
{%- endmacro %}
