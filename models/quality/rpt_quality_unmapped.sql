with

contacts as (

    select * from {{ ref('int_contacts__unioned') }}

),

-- the map field, the platform's own word and whether any map knew it
words as (
    {%- set fields = [('queue', 'unmapped'), ('channel', 'unmapped'), ('contact_type', 'unclassified')] %}
    {% for field, unknown in fields %}
    select
        platform,
        '{{ field }}' as field,
        native_{{ field }} as native_value
    from contacts
    where
        native_{{ field }} is not null
        and {{ field }} = '{{ unknown }}'
        and lower(trim(native_{{ field }})) <> '{{ unknown }}'
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

counted as (

    select
        platform,
        field,
        native_value,
        count(*) as contacts_count
    from words
    group by platform, field, native_value

)

select * from counted
