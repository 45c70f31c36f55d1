{#-
    Pairs of rows of one scope that are in force on the same day: nobody could say which counts. scope: the columns that tell one scope
    from another, a null being a value; valid_to is excluded, and null when the row is still in force. Each pair is shown once, the row
    that begins earlier first: close it where the later one begins.
-#}
{% test no_overlap(model, scope) %}

with

numbered as (

    select
        *,
        row_number() over (
            order by {% for column in scope %}{{ column }} nulls last, {% endfor -%}
                valid_from nulls last, valid_to nulls last
        ) as row_number_in_scope
    from {{ model }}

)

select
    {%- for column in scope %}
    earlier.{{ column }},
    {%- endfor %}
    earlier.valid_from,
    earlier.valid_to,
    later.valid_from as other_valid_from,
    later.valid_to as other_valid_to
from numbered as earlier
inner join numbered as later
    on
        earlier.row_number_in_scope < later.row_number_in_scope
        {%- for column in scope %}
        and not (earlier.{{ column }} is distinct from later.{{ column }})
        {%- endfor %}
        and (earlier.valid_to is null or later.valid_from < earlier.valid_to)
        and (later.valid_to is null or earlier.valid_from < later.valid_to)

{% endtest %}
