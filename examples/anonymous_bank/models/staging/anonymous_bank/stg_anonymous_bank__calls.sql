with

source as (

    select * from {{ landed_rows('anonymous_bank', 'calls') }}

),

-- local times of the call's day; 0:00:00 in the queue and service columns means none
clocked as (

    select
        *,
        '19' || substr(date, 1, 2) || '-' || substr(date, 3, 2) || '-' || substr(date, 5, 2) as iso_day,
        lpad(vru_entry, 8, '0') as arrival_time,
        lpad(nullif(q_start, '0:00:00'), 8, '0') as queue_time,
        lpad(nullif(ser_start, '0:00:00'), 8, '0') as service_start_time,
        lpad(nullif(ser_exit, '0:00:00'), 8, '0') as service_end_time
    from source

),

typed as (

    select
        date || '-' || vru_line || '-' || call_id as call_id,
        customer_id as customer_key,
        type as service_type,
        outcome,
        nullif(server, 'NO_SERVER') as server,
        {%- set times = {
            'arrived_at': 'arrival_time',
            'queued_at': 'queue_time',
            'served_from_at': 'service_start_time',
            'served_to_at': 'service_end_time',
        } %}
        {%- for name, time in times.items() %}
        {#- a time long before the arrival is one after midnight #}
        {{ local_to_utc("try_cast(iso_day || ' ' || " ~ time ~ " as timestamp)", "'Asia/Jerusalem'") }}
        + case when arrival_time > '12' and {{ time }} < '12' then interval '24' hour else interval '0' hour end
            as {{ name }},
        {%- endfor %}
        {{ seconds_from('vru_time') }} as vru_seconds,
        {{ seconds_from('q_time') }} as queue_seconds,
        {{ seconds_from('ser_time') }} as service_seconds,
        q_time as raw_q_time,
        ser_time as raw_ser_time,
        source_file,
        source_row,
        file_hash,
        landed_at
    from clocked

),

checked as (

    select
        call_id,
        customer_key,
        service_type,
        outcome,
        server,
        arrived_at,
        queued_at,
        served_from_at,
        served_to_at,
        vru_seconds,
        queue_seconds,
        service_seconds,
        'anonymous_bank' as platform,
        arrived_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        {{ quarantine_reason([
            ('call_id is null', 'vru+line, call_id or date is missing'),
            ('arrived_at is null', 'date and vru_entry are no time'),
            ("coalesce(outcome, '') not in ('AGENT', 'HANG', 'PHANTOM')", 'outcome is not AGENT, HANG or PHANTOM'),
            (untyped('raw_q_time', 'queue_seconds'), 'q_time is no number'),
            (untyped('raw_ser_time', 'service_seconds'), 'ser_time is no number'),
            ('queue_seconds < 0', 'q_time is negative'),
            ('service_seconds < 0', 'ser_time is negative'),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        *,
        call_id as record_key
    from checked

)

{{ staged('final', 'anonymous_bank', 'calls') }}
