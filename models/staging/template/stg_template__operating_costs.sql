{%- set times = ['month', 'updated_at'] -%}
{%- set numbers = ['amount'] -%}
with

source as (

    select * from {{ landed_rows('template', 'operating_costs') }}

),

formats as (

    {{ proven_formats('template', 'operating_costs', times, numbers) }}

),

plain as (

    {{ plain_rows('template', 'operating_costs', times, numbers) }}

),

typed as (

    select
        {{ prefixed_id('cost_id', 'template') }} as cost_id,
        {{ month_from('plain_month') }} as month,
        {{ clean_text('site') }} as site,
        {{ clean_text('client') }} as client,
        {{ clean_text('channel') }} as channel,
        {{ clean_text('category') }} as category,
        try_cast(trim(plain_amount) as decimal(18, 6)) as amount,
        upper({{ clean_text('currency') }}) as currency,
        {{ iso_to_utc('plain_updated_at') }} as changed_at,
        month as raw_month,
        amount as raw_amount,
        updated_at as raw_updated_at,
        date_order,
        decimal_mark,
        source_file,
        source_row,
        file_hash,
        landed_at
    from plain

),

counted as (

    select
        *,
        {{ surrogate_key(['month', 'site', 'client', 'channel', 'category']) }} as derived_key,
        count(*) over (
            partition by file_hash, month, site, client, channel, category, cost_id is null
        ) as same_in_file_count
    from typed

),

identified as (

    select
        *,
        coalesce(cost_id, 'template:' || derived_key) as cost_key
    from counted

),

versioned as (

    select
        *,
        coalesce(changed_at, cast(month as timestamp)) as version_at
    from identified

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                (clean_text('raw_month') ~ " is null", 'month is missing'),
                (untyped('raw_month', 'month'), 'month is no month and no day'),
                ("category is null", 'category is missing'),
                (clean_text('raw_amount') ~ " is null", 'amount is missing'),
                ("currency is null", 'currency is missing'),
                (
                    "length(currency) <> 3 or " ~ regexp_replace_all('currency', '[A-Z]', '') ~ " <> ''",
                    'currency is not a code of three letters'
                ),
                (
                    "cost_id is null and same_in_file_count > 1",
                    'cost_id is missing and the file has several such costs'
                ),
            ]
            + typing_rules('time', [('updated_at', 'changed_at')])
            + typing_rules('number', ['amount'])
            + format_rules(times, numbers)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        cost_key as cost_id,
        month,
        site,
        client,
        channel,
        category,
        amount,
        currency,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        cost_key as record_key
    from checked

)

{{ staged('final', 'template', 'operating_costs') }}
