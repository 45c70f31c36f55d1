{%- set fields = [
    'epoch', 'callid', 'queue', 'agent', 'event', 'data1', 'data2', 'data3', 'data4', 'data5', 'data6',
] -%}
with

source as (

    select * from {{ landed_rows('asterisk', 'queue_log') }}

),

extracted as (

    select
        {%- for field in fields %}
        {{ clean_text(field) }} as {{ field }},
        {%- endfor %}
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

named as (

    select
        *,
        {{ surrogate_key(fields) }} as record_id,
        upper(event) as event_type,
        upper(event) in (
            'ENTERQUEUE', 'CONNECT', 'COMPLETEAGENT', 'COMPLETECALLER',
            'ABANDON', 'EXITWITHTIMEOUT', 'EXITWITHKEY', 'EXITEMPTY', 'JOINEMPTY', 'FULL', 'CLOSED',
            'BLINDTRANSFER', 'ATTENDEDTRANSFER', 'TRANSFER', 'RINGNOANSWER', 'DID'
        ) as is_call_event,
        case when upper(callid) <> 'NONE' then callid end as call_id,
        case when upper(queue) <> 'NONE' then queue end as queue_name,
        case when upper(agent) <> 'NONE' then split_part(agent, '/', -1) end as agent_name
    from extracted

),

-- What data1 to data6 mean depends on the event; of an attended transfer the last three values do.
arguments as (

    select
        *,
        case when event_type = 'ENTERQUEUE' then data2 end as customer_key,
        case
            when event_type in ('CONNECT', 'COMPLETEAGENT', 'COMPLETECALLER') then data1
            when event_type in ('ABANDON', 'EXITWITHTIMEOUT', 'EXITEMPTY') then data3
            when event_type in ('BLINDTRANSFER', 'TRANSFER') then data3
            when event_type = 'EXITWITHKEY' then data4
            when event_type = 'ATTENDEDTRANSFER' and data6 is not null then data4
            when event_type = 'ATTENDEDTRANSFER' and data5 is not null then data3
            when event_type = 'ATTENDEDTRANSFER' and data4 is not null then data2
            when event_type = 'ATTENDEDTRANSFER' then data1
        end as wait_text,
        case
            when event_type in ('COMPLETEAGENT', 'COMPLETECALLER') then data2
            when event_type in ('BLINDTRANSFER', 'TRANSFER') then data4
            when event_type = 'ATTENDEDTRANSFER' and data6 is not null then data5
            when event_type = 'ATTENDEDTRANSFER' and data5 is not null then data4
            when event_type = 'ATTENDEDTRANSFER' and data4 is not null then data3
            when event_type = 'ATTENDEDTRANSFER' then data2
        end as talk_text,
        case
            when event_type = 'CONNECT' then data3
            when event_type = 'RINGNOANSWER' then data1
        end as ring_text,
        case when event_type in ('BLINDTRANSFER', 'TRANSFER') then data1 end as transfer_extension,
        case when event_type = 'EXITWITHKEY' then data1 end as exit_key
    from named

),

typed as (

    select
        *,
        {{ epoch_to_utc('epoch') }} as logged_at,
        {{ seconds_from('wait_text') }} as wait_seconds,
        {{ seconds_from('talk_text') }} as talk_seconds,
        -- One event of this file counts in milliseconds, all others in seconds.
        cast(
            {{ seconds_from('ring_text') }} / case when event_type = 'RINGNOANSWER' then 1000 else 1 end
            as decimal(18, 3)
        ) as ring_seconds
    from arguments

),

checked as (

    select
        *,
        logged_at as updated_at,
        {{ quarantine_reason([
            ('epoch is null', 'epoch is missing'),
            (untyped('epoch', 'logged_at'), 'epoch is no valid time'),
            ("logged_at < timestamp '1980-01-01' or logged_at >= timestamp '2200-01-01'", 'epoch is out of range'),
            ('event_type is null', 'event is missing'),
            ('is_call_event and call_id is null', 'callid is missing'),
            ("is_call_event and queue_name is null and event_type <> 'DID'", 'queue is missing'),
            (untyped('wait_text', 'wait_seconds'), 'wait is no number'),
            ('wait_seconds < 0', 'wait is negative'),
            (untyped('talk_text', 'talk_seconds'), 'talk time is no number'),
            ('talk_seconds < 0', 'talk time is negative'),
            (untyped('ring_text', 'ring_seconds'), 'ringing time is no number'),
            ('ring_seconds < 0', 'ringing time is negative'),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        record_id,
        call_id,
        queue_name,
        agent_name,
        event_type,
        customer_key,
        transfer_extension,
        exit_key,
        data1,
        data2,
        data3,
        data4,
        data5,
        data6,
        logged_at,
        wait_seconds,
        talk_seconds,
        ring_seconds,
        is_call_event,
        'asterisk' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        record_id as record_key
    from checked

)

{{ staged('final', 'asterisk', 'queue_log') }}
