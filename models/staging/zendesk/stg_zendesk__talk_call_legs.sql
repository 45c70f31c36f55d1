with

source as (

    select * from {{ landed_rows('zendesk', 'talk_call_legs') }}

),

typed as (

    select
        {{ clean_text('id') }} as leg_id,
        {{ clean_text('call_id') }} as call_id,
        {{ clean_text('agent_id') }} as agent_id,
        {{ clean_text('user_id') }} as user_id,
        {{ clean_text('transferred_from') }} as transferred_from,
        {{ clean_text('transferred_to') }} as transferred_to,
        lower({{ clean_text('type') }}) as leg_type,
        lower({{ clean_text('completion_status') }}) as completion_status,
        {{ clean_text('available_via') }} as available_via,
        {{ seconds_from('duration') }} as duration_seconds,
        {{ seconds_from('talk_time') }} as talk_seconds,
        {{ seconds_from('hold_time') }} as hold_seconds,
        {{ seconds_from('wrap_up_time') }} as acw_seconds,
        {{ seconds_from('consultation_time') }} as consultation_seconds,
        -- text such as `0.0120` or `$0.0120`
        try_cast(
            {{ regexp_replace_all('call_charge', '[$ ]|[A-Z][A-Z][A-Z]', '') }} as decimal(18, 6)
        ) as charge_amount,
        {{ iso_to_utc('created_at') }} as created_at,
        coalesce({{ iso_to_utc('updated_at') }}, {{ iso_to_utc('created_at') }}) as updated_at,
        {{ iso_to_utc('updated_at') }} as changed_at,
        duration as raw_duration,
        talk_time as raw_talk_time,
        hold_time as raw_hold_time,
        wrap_up_time as raw_wrap_up_time,
        consultation_time as raw_consultation_time,
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
                ("leg_id is null", 'id is missing'),
                ("call_id is null", 'call_id is missing'),
                ("changed_at < created_at", 'updated_at is before created_at'),
            ]
            + typing_rules('time', ['created_at', ('updated_at', 'changed_at')])
            + typing_rules('seconds', [
                ('duration', 'duration_seconds'),
                ('talk_time', 'talk_seconds'),
                ('hold_time', 'hold_seconds'),
                ('wrap_up_time', 'acw_seconds'),
                ('consultation_time', 'consultation_seconds'),
            ])
            + typing_rules('number', [('call_charge', 'charge_amount')])
        ) }} as quarantine_reason
    from typed

),

final as (

    select
        leg_id,
        call_id,
        agent_id,
        user_id,
        transferred_from,
        transferred_to,
        leg_type,
        completion_status,
        available_via,
        created_at,
        duration_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        consultation_seconds,
        charge_amount,
        'zendesk' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        leg_id as record_key
    from checked

)

{{ staged('final', 'zendesk', 'talk_call_legs') }}
