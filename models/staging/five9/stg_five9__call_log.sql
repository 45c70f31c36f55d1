{#- Reports show this zone, whatever the site's is. -#}
{%- set zone = "'America/Los_Angeles'" -%}
{%- set durations = {
    'ivr_time': 'ivr_seconds',
    'queue_wait_time': 'queue_seconds',
    'ring_time': 'ring_seconds',
    'talk_time': 'connected_seconds',
    'hold_time': 'hold_seconds',
    'park_time': 'park_seconds',
    'after_call_work_time': 'acw_seconds',
} -%}
with

source as (

    select * from {{ landed_rows('five9', 'call_log') }}

),

typed as (

    select
        {{ clean_text('call_id') }} as call_id,
        {{ clean_text('campaign') }} as campaign,
        lower({{ clean_text('call_type') }}) as call_type,
        {{ clean_text('skill') }} as skill,
        case when lower(trim(agent)) <> '[none]' then {{ clean_text('agent') }} end as agent_name,
        {{ clean_text('disposition') }} as disposition,
        {{ clean_text('ani') }} as ani,
        {{ clean_text('dnis') }} as dnis,
        coalesce({{ rfc_2822_clock('timestamp') }}, {{ iso_to_utc('timestamp') }}) as started_local_at,
        {%- for raw, typed in durations.items() %}
        {{ seconds_from_clock(raw) }} as {{ typed }},
        {%- endfor %}
        {{ count_from('transfers') }} as transfers_count,
        {{ count_from('holds') }} as holds_count,
        {{ boolean_from('abandoned') }} as is_abandoned,
        try_cast({{ regexp_replace_all('cost', '[$ ]', '') }} as decimal(18, 6)) as cost_amount,
        {%- for raw in durations %}
        {{ raw }} as raw_{{ raw }},
        {%- endfor %}
        timestamp as raw_timestamp,
        transfers as raw_transfers,
        holds as raw_holds,
        abandoned as raw_abandoned,
        cost as raw_cost,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

placed as (

    select
        *,
        {{ first_local_to_utc('started_local_at', zone) }} as started_at,
        coalesce(call_type in ('outbound', 'manual', 'preview', 'autodial'), false) as is_outbound
    from typed

),

-- The log carries no version: of two rows of one part of a call the longer one is the newer.
timed as (

    select
        *,
        {{ utc_to_local('started_at', zone) }} as shown_local_at,
        coalesce({{ utc_to_local(add_seconds('started_at', 3600.0), zone) }} = started_local_at, false)
            as is_hour_repeated,
        {{ add_seconds(
            'started_at',
            'coalesce(ivr_seconds, 0) + coalesce(queue_seconds, 0) + coalesce(ring_seconds, 0)'
            ~ ' + coalesce(connected_seconds, 0) + coalesce(acw_seconds, 0)'
        ) }} as updated_at
    from placed

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ('call_id is null', 'call_id is missing'),
                (clean_text('raw_timestamp') ~ ' is null', 'timestamp is missing'),
                (untyped('raw_timestamp', 'started_local_at'), 'timestamp is no valid time'),
                ('shown_local_at <> started_local_at', 'timestamp is in the hour that the US Pacific clock leaves out'),
                ('hold_seconds + coalesce(park_seconds, 0) > connected_seconds', 'hold and park are longer than talk'),
            ]
            + typing_rules('seconds', durations.items() | list)
            + typing_rules('count', [('transfers', 'transfers_count'), ('holds', 'holds_count')])
            + typing_rules('boolean', [('abandoned', 'is_abandoned')])
            + typing_rules('number', [('cost', 'cost_amount')])
        ) }} as quarantine_reason
    from timed

),

final as (

    select
        call_id,
        campaign,
        call_type,
        skill,
        agent_name,
        disposition,
        case when is_outbound then dnis else ani end as customer_key,
        started_local_at,
        started_at,
        is_hour_repeated,
        ivr_seconds,
        queue_seconds,
        ring_seconds,
        -- What the report calls talk time holds hold and park.
        cast(
            connected_seconds - coalesce(hold_seconds, 0) - coalesce(park_seconds, 0) as decimal(18, 3)
        ) as talk_seconds,
        cast(coalesce(hold_seconds, 0) + coalesce(park_seconds, 0) as decimal(18, 3)) as hold_seconds,
        acw_seconds,
        transfers_count,
        holds_count,
        is_abandoned,
        is_outbound,
        cost_amount,
        'five9' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        call_id || '-' || coalesce(agent_name, '') || '-' || coalesce(skill, '')
        || '-' || cast(started_local_at as {{ dbt.type_string() }}) as record_key
    from checked

)

{{ staged('final', 'five9', 'call_log') }}
