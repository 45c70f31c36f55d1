{#- Names that SQL keeps for itself. -#}
{%- set from_column = adapter.quote('from') -%}
{%- set to_column = adapter.quote('to') -%}
with

source as (

    select * from {{ landed_rows('twilio', 'messages') }}

),

extracted as (

    select
        coalesce({{ clean_text('sid') }}, {{ clean_text('id') }}) as message_sid,
        {{ clean_text(from_column) }} as from_key,
        {{ clean_text(to_column) }} as to_key,
        lower({{ clean_text('direction') }}) as message_direction,
        lower({{ clean_text('status') }}) as status,
        {{ clean_text('messaging_service_sid') }} as messaging_service_sid,
        {{ clean_text('error_code') }} as error_code,
        {{ clean_text('price_unit') }} as price_unit,
        coalesce({{ clean_text('date_created') }}, {{ clean_text('created_at') }}) as raw_created_at,
        coalesce({{ clean_text('date_updated') }}, {{ clean_text('updated_at') }}) as raw_updated_at,
        {{ clean_text('date_sent') }} as raw_date_sent,
        num_segments as raw_num_segments,
        price as raw_price,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

typed as (

    select
        *,
        {{ api_time('raw_created_at') }} as created_at,
        {{ api_time('raw_updated_at') }} as changed_at,
        {{ api_time('raw_date_sent') }} as date_sent,
        {{ count_from('raw_num_segments') }} as segments_count,
        -- What we pay is negative in the export.
        cast(-try_cast({{ clean_text('raw_price') }} as decimal(18, 6)) as decimal(18, 6)) as cost_amount
    from extracted

),

checked as (

    select
        *,
        coalesce(date_sent, created_at) as sent_at,
        coalesce(changed_at, created_at) as updated_at,
        {{ quarantine_reason(
            [
                ('message_sid is null', 'sid is missing'),
                ('raw_created_at is null and raw_date_sent is null', 'creation time is missing'),
            ]
            + typing_rules('time', ['created_at', ('updated_at', 'changed_at'), 'date_sent'])
            + typing_rules('count', [('num_segments', 'segments_count')])
            + typing_rules('number', [('price', 'cost_amount')])
        ) }} as quarantine_reason
    from typed

),

final as (

    select
        message_sid,
        message_direction,
        status,
        messaging_service_sid,
        error_code,
        case when message_direction = 'inbound' then from_key else to_key end as customer_key,
        case when message_direction = 'inbound' then to_key else from_key end as centre_key,
        sent_at,
        segments_count,
        cost_amount,
        price_unit,
        'twilio' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        message_sid as record_key
    from checked

)

{{ staged('final', 'twilio', 'messages') }}
