{#- Rows that are never in force: valid_to is the first day on which a row no longer counts, so it must come after valid_from. -#}
{% test ends_after_it_begins(model) %}

select * from {{ model }}
where valid_to <= valid_from

{% endtest %}
