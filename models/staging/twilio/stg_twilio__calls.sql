{#- Names that SQL keeps for itself. -#}
{%- set from_column = adapter.quote('from') -%}
{%- set to_column = adapter.quote('to') -%}
with

source as (

    select * from {{ landed_rows('twilio', 'calls') }}

),

extracted as (

    select
        coalesce({{ clean_text('sid') }}, {{ clean_text('id') }}) as call_sid,
        coalesce({{ clean_text('parent_call_sid') }}, {{ clean_text('parent_call_id') }}) as parent_call_sid,
        {{ clean_text(from_column) }} as from_key,
        {{ clean_text(to_column) }} as to_key,
        lower({{ clean_text('direction') }}) as call_direction,
        lower({{ clean_text('status') }}) as status,
        coalesce({{ clean_text('phone_number_sid') }}, {{ clean_text('outgoing_caller_id') }})
            as phone_number_sid,
        {{ clean_text('price_unit') }} as price_unit,
        coalesce({{ clean_text('date_created') }}, {{ clean_text('created_at') }}) as raw_created_at,
        coalesce({{ clean_text('date_updated') }}, {{ clean_text('updated_at') }}) as raw_updated_at,
        {{ clean_text('start_time') }} as raw_start_time,
        {{ clean_text('end_time') }} as raw_end_time,
        duration as raw_duration,
        queue_time as raw_queue_time,
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
        {{ api_time('raw_start_time') }} as started_at,
        {{ api_time('raw_end_time') }} as ended_at,
        {{ seconds_from('raw_duration') }} as duration_seconds,
        -- Milliseconds, unlike the duration, and a wait for a line to dial on: no customer waits in it.
        cast({{ seconds_from('raw_queue_time') }} / 1000 as decimal(18, 3)) as dial_queue_seconds,
        -- What we pay is negative in the export.
        cast(-try_cast({{ clean_text('raw_price') }} as decimal(18, 6)) as decimal(18, 6)) as cost_amount
    from extracted

),

checked as (

    select
        *,
        coalesce(changed_at, ended_at, created_at) as updated_at,
        {{ quarantine_reason(
            [
                ('call_sid is null', 'sid is missing'),
                ('raw_created_at is null and raw_start_time is null', 'creation time is missing'),
                ('ended_at < coalesce(started_at, created_at)', 'end_time is before start_time'),
                ('dial_queue_seconds < 0', 'queue_time is negative'),
            ]
            + typing_rules('time', ['created_at', ('updated_at', 'changed_at'), ('start_time', 'started_at'), ('end_time', 'ended_at')])
            + typing_rules('seconds', [('duration', 'duration_seconds')])
            + typing_rules('number', [('queue_time', 'dial_queue_seconds'), ('price', 'cost_amount')])
        ) }} as quarantine_reason
    from typed

),

final as (

    select
        call_sid,
        parent_call_sid,
        call_direction,
        status,
        phone_number_sid,
        case when call_direction = 'inbound' then from_key else to_key end as customer_key,
        coalesce(created_at, started_at) as created_at,
        started_at,
        ended_at,
        duration_seconds,
        dial_queue_seconds,
        cost_amount,
        price_unit,
        'twilio' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        call_sid as record_key
    from checked

)

{{ staged('final', 'twilio', 'calls') }}
