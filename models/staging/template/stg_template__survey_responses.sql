{%- set times = ['sent_at', 'responded_at', 'updated_at'] -%}
{%- set numbers = ['score', 'scale_min', 'scale_max'] -%}
with

source as (

    select * from {{ landed_rows('template', 'survey_responses') }}

),

formats as (

    {{ proven_formats('template', 'survey_responses', times, numbers) }}

),

plain as (

    {{ plain_rows('template', 'survey_responses', times, numbers) }}

),

typed as (

    select
        {{ prefixed_id('response_id', 'template') }} as response_id,
        {{ prefixed_id('contact_id', 'template') }} as contact_id,
        {{ clean_text('customer') }} as customer_key,
        {{ prefixed_id('agent_id', 'template') }} as agent_id,
        lower({{ clean_text('instrument') }}) as instrument,
        try_cast(trim(plain_score) as decimal(9, 3)) as score,
        try_cast(trim(plain_scale_min) as decimal(9, 3)) as stated_scale_min,
        try_cast(trim(plain_scale_max) as decimal(9, 3)) as stated_scale_max,
        {{ iso_to_utc('plain_sent_at') }} as sent_at,
        {{ iso_to_utc('plain_responded_at') }} as responded_at,
        {{ iso_to_utc('plain_updated_at') }} as changed_at,
        score as raw_score,
        scale_min as raw_scale_min,
        scale_max as raw_scale_max,
        sent_at as raw_sent_at,
        responded_at as raw_responded_at,
        updated_at as raw_updated_at,
        date_order,
        decimal_mark,
        source_file,
        source_row,
        file_hash,
        landed_at
    from plain

),

scaled as (

    select
        *,
        coalesce(
            stated_scale_min,
            case
                when instrument in ('nps', 'fcr') then cast(0 as decimal(9, 3))
                else cast(1 as decimal(9, 3))
            end
        ) as scale_min,
        coalesce(
            stated_scale_max,
            case
                when instrument = 'nps' then cast(10 as decimal(9, 3))
                when instrument = 'ces' then cast(7 as decimal(9, 3))
                when instrument = 'fcr' then cast(1 as decimal(9, 3))
                else cast(5 as decimal(9, 3))
            end
        ) as scale_max
    from typed

),

versioned as (

    select
        *,
        coalesce(changed_at, greatest(sent_at, responded_at)) as version_at
    from scaled

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ("response_id is null", 'response_id is missing'),
                ("instrument is null", 'instrument is missing'),
                (
                    "instrument not in ('csat', 'ces', 'nps', 'fcr', 'esat')",
                    'instrument is none of csat, ces, nps, fcr and esat'
                ),
                ("scale_min >= scale_max", 'scale_min is not below scale_max'),
                ("score < scale_min or score > scale_max", 'score is off its scale'),
                (
                    clean_text('raw_sent_at') ~ " is null and " ~ clean_text('raw_responded_at') ~ " is null",
                    'sent_at is missing, and responded_at too'
                ),
                ("responded_at < sent_at", 'responded_at is before sent_at'),
            ]
            + typing_rules('time', ['sent_at', 'responded_at', ('updated_at', 'changed_at')])
            + typing_rules('number', [
                'score',
                ('scale_min', 'stated_scale_min'),
                ('scale_max', 'stated_scale_max'),
            ])
            + format_rules(times, numbers)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        response_id,
        contact_id,
        customer_key,
        agent_id,
        instrument,
        score,
        scale_min,
        scale_max,
        sent_at,
        responded_at,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        response_id as record_key
    from checked

)

{{ staged('final', 'template', 'survey_responses') }}
