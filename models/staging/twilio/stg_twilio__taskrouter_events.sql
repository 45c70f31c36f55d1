with

source as (

    select * from {{ landed_rows('twilio', 'taskrouter_events') }}

),

parsed as (

    select
        *,
        {{ json_document('event_data') }} as data_json
    from source

),

attributed as (

    select
        *,
        -- JSON in text within JSON.
        {{ json_document(json_text('data_json', 'task_attributes')) }} as attributes_json
    from parsed

),

typed as (

    select
        {{ clean_text('sid') }} as event_sid,
        lower({{ clean_text('event_type') }}) as event_type,
        {{ clean_text(json_text('data_json', 'task_sid')) }} as task_sid,
        {{ clean_text(json_text('data_json', 'task_queue_name')) }} as task_queue_name,
        lower({{ clean_text(json_text('data_json', 'task_channel_unique_name')) }}) as task_channel,
        lower({{ clean_text(json_text('data_json', 'task_canceled_reason')) }}) as canceled_reason,
        {{ clean_text(json_text('data_json', 'reservation_sid')) }} as reservation_sid,
        coalesce(
            {{ clean_text(json_text('data_json', 'worker_name')) }},
            {{ clean_text(json_text('data_json', 'worker_sid')) }}
        ) as worker_name,
        {{ clean_text(json_text('data_json', 'worker_activity_name')) }} as worker_activity,
        {{ clean_text(json_text('attributes_json', 'call_sid')) }} as call_sid,
        coalesce(
            {{ clean_text(json_text('attributes_json', 'from')) }},
            {{ clean_text(json_text('attributes_json', 'customerAddress')) }}
        ) as customer_key,
        {{ clean_text(json_text('attributes_json', 'email')) }} as email_key,
        lower({{ clean_text(json_text('attributes_json', 'direction')) }}) as task_direction,
        lower({{ clean_text(json_text('attributes_json', 'taskType')) }}) as task_type,
        {{ clean_text(json_text('attributes_json', 'client')) }} as client,
        {{ clean_text(json_text('attributes_json', 'site')) }} as site,
        {{ clean_text(json_text('attributes_json', 'contact_type')) }} as contact_type,
        {{ clean_text(json_text('attributes_json', 'language')) }} as language,
        {{ boolean_from(json_text('attributes_json', 'is_test')) }} as is_test,
        {{ boolean_from(json_text('attributes_json', 'resolved')) }} as is_resolved,
        try_cast({{ json_text('attributes_json', 'sentiment') }} as decimal(4, 3)) as sentiment,
        coalesce(
            {{ add_seconds(
                "timestamp '1970-01-01 00:00:00'",
                "try_cast(trim(event_date_ms) as decimal(18, 3)) / 1000",
            ) }},
            {{ api_time('event_date') }}
        ) as occurred_at,
        event_data as raw_event_data,
        data_json,
        coalesce({{ clean_text('event_date_ms') }}, {{ clean_text('event_date') }}) as raw_event_date,
        source_file,
        source_row,
        file_hash,
        landed_at
    from attributed

),

checked as (

    select
        *,
        occurred_at as updated_at,
        {{ quarantine_reason([
            ('event_sid is null', 'sid is missing'),
            ('event_type is null', 'event_type is missing'),
            ('raw_event_date is null', 'event_date is missing'),
            (untyped('raw_event_date', 'occurred_at'), 'event_date is no valid time'),
            (untyped('raw_event_data', 'data_json'), 'event_data is no JSON'),
            ("event_type like 'task%' and task_sid is null", 'task_sid is missing'),
            ("event_type like 'reservation.%' and (reservation_sid is null or task_sid is null)", 'reservation_sid or task_sid is missing'),
            ("event_type like 'worker.%' and worker_name is null", 'worker is missing'),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        event_sid,
        event_type,
        task_sid,
        task_queue_name,
        task_channel,
        canceled_reason,
        reservation_sid,
        worker_name,
        worker_activity,
        call_sid,
        customer_key,
        email_key,
        task_direction,
        task_type,
        client,
        site,
        contact_type,
        language,
        is_test,
        is_resolved,
        sentiment,
        occurred_at,
        'twilio' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        event_sid as record_key
    from checked

)

{{ staged('final', 'twilio', 'taskrouter_events') }}
