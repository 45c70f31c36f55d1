{%- set times = ['evaluated_at', 'updated_at'] -%}
{%- set numbers = ['points_earned', 'points_possible'] -%}
with

source as (

    select * from {{ landed_rows('template', 'quality_evaluations') }}

),

formats as (

    {{ proven_formats('template', 'quality_evaluations', times, numbers) }}

),

plain as (

    {{ plain_rows('template', 'quality_evaluations', times, numbers) }}

),

typed as (

    select
        {{ prefixed_id('evaluation_id', 'template') }} as evaluation_id,
        {{ prefixed_id('contact_id', 'template') }} as contact_id,
        {{ prefixed_id('agent_id', 'template') }} as agent_id,
        {{ iso_to_utc('plain_evaluated_at') }} as evaluated_at,
        coalesce({{ clean_text('category') }}, 'general') as category,
        {{ clean_text('item') }} as item,
        try_cast(trim(plain_points_earned) as decimal(9, 3)) as points_earned,
        try_cast(trim(plain_points_possible) as decimal(9, 3)) as points_possible,
        coalesce({{ boolean_from('is_not_applicable') }}, false) as is_not_applicable,
        coalesce({{ boolean_from('is_automatic_fail') }}, false) as is_automatic_fail,
        {{ iso_to_utc('plain_updated_at') }} as changed_at,
        {{ boolean_from('is_not_applicable') }} as stated_is_not_applicable,
        {{ boolean_from('is_automatic_fail') }} as stated_is_automatic_fail,
        evaluated_at as raw_evaluated_at,
        points_earned as raw_points_earned,
        points_possible as raw_points_possible,
        is_not_applicable as raw_is_not_applicable,
        is_automatic_fail as raw_is_automatic_fail,
        updated_at as raw_updated_at,
        date_order,
        decimal_mark,
        source_file,
        source_row,
        file_hash,
        landed_at
    from plain

),

keyed as (

    select
        *,
        {{ surrogate_key(['evaluation_id', 'category', 'item']) }} as item_key
    from typed

),

versioned as (

    select
        *,
        coalesce(changed_at, evaluated_at) as version_at
    from keyed

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ("evaluation_id is null", 'evaluation_id is missing'),
                ("item is null", 'item is missing'),
                (
                    "points_earned is null and raw_points_earned is null and not is_not_applicable",
                    'points_earned is missing'
                ),
                (
                    "points_possible is null and raw_points_possible is null and not is_not_applicable",
                    'points_possible is missing'
                ),
                ("points_earned < 0 or points_possible < 0", 'points are negative'),
                ("points_earned > points_possible", 'points_earned is above points_possible'),
            ]
            + typing_rules('time', ['evaluated_at', ('updated_at', 'changed_at')])
            + typing_rules('number', ['points_earned', 'points_possible'])
            + typing_rules('boolean', [
                ('is_not_applicable', 'stated_is_not_applicable'),
                ('is_automatic_fail', 'stated_is_automatic_fail'),
            ])
            + format_rules(times, numbers)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        item_key,
        evaluation_id,
        contact_id,
        agent_id,
        evaluated_at,
        category,
        item,
        points_earned,
        points_possible,
        is_not_applicable,
        is_automatic_fail,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        item_key as record_key
    from checked

)

{{ staged('final', 'template', 'quality_evaluations') }}
