with

source as (

    select * from {{ landed_rows('zendesk', 'talk_calls') }}

),

typed as (

    select
        {{ clean_text('id') }} as call_id,
        {{ clean_text('ticket_id') }} as ticket_id,
        {{ clean_text('group_id') }} as group_id,
        {{ clean_text('agent_id') }} as agent_id,
        {{ clean_text('phone_number') }} as phone_key,
        {{ clean_text('customer_id') }} as user_key,
        {{ clean_text('phone_number_id') }} as phone_number_id,
        lower({{ clean_text('direction') }}) as direction,
        lower({{ clean_text('completion_status') }}) as completion_status,
        {{ clean_text('callback_source') }} as callback_source,
        {{ clean_text('line') }} as line,
        {{ seconds_from('wait_time') }} as wait_seconds,
        {{ seconds_from('time_to_answer') }} as time_to_answer_seconds,
        {{ seconds_from('ivr_time_spent') }} as ivr_seconds,
        {{ seconds_from('talk_time') }} as talk_seconds,
        {{ seconds_from('hold_time') }} as hold_seconds,
        {{ seconds_from('wrap_up_time') }} as acw_seconds,
        {{ seconds_from('consultation_time') }} as consultation_seconds,
        {{ seconds_from('duration') }} as duration_seconds,
        {{ boolean_from('voicemail') }} as is_voicemail,
        {{ boolean_from('callback') }} as is_callback,
        {{ boolean_from('overflowed') }} as is_overflowed,
        {{ boolean_from('exceeded_queue_time') }} as is_queue_time_exceeded,
        {{ boolean_from('outside_business_hours') }} as is_outside_business_hours,
        -- text such as `0.0120` or `$0.0120`
        try_cast(
            {{ regexp_replace_all('call_charge', '[$ ]|[A-Z][A-Z][A-Z]', '') }} as decimal(18, 6)
        ) as charge_amount,
        {{ iso_to_utc('created_at') }} as created_at,
        coalesce({{ iso_to_utc('updated_at') }}, {{ iso_to_utc('created_at') }}) as updated_at,
        {{ iso_to_utc('updated_at') }} as changed_at,
        wait_time as raw_wait_time,
        time_to_answer as raw_time_to_answer,
        ivr_time_spent as raw_ivr_time_spent,
        talk_time as raw_talk_time,
        hold_time as raw_hold_time,
        wrap_up_time as raw_wrap_up_time,
        consultation_time as raw_consultation_time,
        duration as raw_duration,
        voicemail as raw_voicemail,
        callback as raw_callback,
        overflowed as raw_overflowed,
        exceeded_queue_time as raw_exceeded_queue_time,
        outside_business_hours as raw_outside_business_hours,
        call_charge as raw_call_charge,
        created_at as raw_created_at,
        updated_at as raw_updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ("call_id is null", 'id is missing'),
                (
                    "direction not in ('inbound', 'outbound', 'internal')",
                    'direction is none of inbound, outbound and internal'
                ),
                (clean_text('raw_created_at') ~ " is null", 'created_at is missing'),
                ("changed_at < created_at", 'updated_at is before created_at'),
            ]
            + typing_rules('time', ['created_at', ('updated_at', 'changed_at')])
            + typing_rules('seconds', [
                ('wait_time', 'wait_seconds'),
                ('time_to_answer', 'time_to_answer_seconds'),
                ('ivr_time_spent', 'ivr_seconds'),
                ('talk_time', 'talk_seconds'),
                ('hold_time', 'hold_seconds'),
                ('wrap_up_time', 'acw_seconds'),
                ('consultation_time', 'consultation_seconds'),
                ('duration', 'duration_seconds'),
            ])
            + typing_rules('boolean', [
                ('voicemail', 'is_voicemail'),
                ('callback', 'is_callback'),
                ('overflowed', 'is_overflowed'),
                ('exceeded_queue_time', 'is_queue_time_exceeded'),
                ('outside_business_hours', 'is_outside_business_hours'),
            ])
            + typing_rules('number', [('call_charge', 'charge_amount')])
        ) }} as quarantine_reason
    from typed

),

final as (

    select
        call_id,
        ticket_id,
        group_id,
        agent_id,
        phone_key,
        user_key,
        phone_number_id,
        direction,
        completion_status,
        callback_source,
        line,
        is_voicemail,
        is_callback,
        is_overflowed,
        is_queue_time_exceeded,
        is_outside_business_hours,
        created_at,
        wait_seconds,
        time_to_answer_seconds,
        ivr_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        consultation_seconds,
        duration_seconds,
        charge_amount,
        'zendesk' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        call_id as record_key
    from checked

)

{{ staged('final', 'zendesk', 'talk_calls') }}
