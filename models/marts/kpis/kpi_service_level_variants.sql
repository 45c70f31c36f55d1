with

contacts as (

    select * from {{ ref('agg_contacts_daily') }}

),

variants as (
    {%- set variants = [
        ('answered_only', 'answered_in_target_count', 'answered_count'),
        ('abandons_count_against', 'answered_in_target_count', 'answered_count + abandoned_count'),
        ('short_abandons_excluded', 'answered_in_target_count', 'offered_count - short_abandon_count'),
        ('early_abandons_excluded', 'answered_in_target_count',
            'answered_count + abandoned_count - abandoned_in_target_count'),
        ('early_abandons_met', 'answered_in_target_count + abandoned_in_target_count', 'answered_count + abandoned_count'),
        ('left_queue', 'answered_in_target_count + abandoned_in_target_count + callback_requested_in_target_count',
            'offered_count'),
        ('answered_of_offered', 'answered_in_target_count', 'offered_count'),
    ] %}
    {% for variant, met, base in variants %}
    select
        '{{ variant }}' as variant,
        day,
        client,
        site,
        queue,
        channel,
        contact_type,
        cast({{ met }} as decimal(28, 6)) as numerator,
        cast({{ base }} as decimal(28, 6)) as denominator,
        is_final
    from contacts
    {{ 'union all' if not loop.last }}
    {%- endfor %}

),

divided as (

    select
        variant,
        day,
        client,
        site,
        queue,
        channel,
        contact_type,
        numerator,
        denominator,
        {{ ratio('numerator', 'denominator') }} as value,
        is_final
    from variants

)

select * from divided
