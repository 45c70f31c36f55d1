{%- set times = ['arrived_at', 'queued_at', 'answered_at', 'ended_at', 'wrapped_up_at', 'updated_at'] -%}
{%- set numbers = ['agents_count', 'queues_count', 'transfers_count', 'holds_count', 'sentiment'] -%}
{%- set durations = ['ivr_seconds', 'wait_seconds', 'talk_seconds', 'hold_seconds', 'acw_seconds'] -%}
with

source as (

    select * from {{ landed_rows('template', 'contacts') }}

),

formats as (

    {{ proven_formats('template', 'contacts', times, numbers + durations) }}

),

plain as (

    {{ plain_rows('template', 'contacts', times, numbers, durations) }}

),

typed as (

    select
        {{ prefixed_id('contact_id', 'template') }} as contact_id,
        {{ clean_text('client') }} as client,
        {{ clean_text('site') }} as site,
        {{ clean_text('queue') }} as queue,
        {{ clean_text('channel') }} as channel,
        coalesce(lower({{ clean_text('direction') }}), 'inbound') as direction,
        {{ clean_text('contact_type') }} as contact_type,
        {{ clean_text('customer') }} as customer_key,
        {{ clean_text('language') }} as language,
        {{ iso_to_utc('plain_arrived_at') }} as arrived_at,
        {{ iso_to_utc('plain_queued_at') }} as queued_at,
        {{ iso_to_utc('plain_answered_at') }} as answered_at,
        {{ iso_to_utc('plain_ended_at') }} as ended_at,
        {{ iso_to_utc('plain_wrapped_up_at') }} as wrapped_up_at,
        lower({{ clean_text('outcome') }}) as outcome,
        {{ seconds_from('plain_ivr_seconds') }} as ivr_seconds,
        {{ seconds_from('plain_wait_seconds') }} as wait_seconds,
        {{ seconds_from('plain_talk_seconds') }} as talk_seconds,
        {{ seconds_from('plain_hold_seconds') }} as hold_seconds,
        {{ seconds_from('plain_acw_seconds') }} as acw_seconds,
        {{ prefixed_id('first_agent_id', 'template') }} as first_agent_id,
        {{ count_from('plain_agents_count') }} as agents_count,
        {{ count_from('plain_queues_count') }} as queues_count,
        {{ count_from('plain_transfers_count') }} as transfers_count,
        {{ count_from('plain_holds_count') }} as holds_count,
        coalesce({{ boolean_from('is_test') }}, false) as is_test,
        {{ boolean_from('is_resolved') }} as is_resolved,
        try_cast(trim(plain_sentiment) as decimal(4, 3)) as sentiment,
        {{ iso_to_utc('plain_updated_at') }} as changed_at,
        {{ boolean_from('is_test') }} as stated_is_test,
        arrived_at as raw_arrived_at,
        queued_at as raw_queued_at,
        answered_at as raw_answered_at,
        ended_at as raw_ended_at,
        wrapped_up_at as raw_wrapped_up_at,
        ivr_seconds as raw_ivr_seconds,
        wait_seconds as raw_wait_seconds,
        talk_seconds as raw_talk_seconds,
        hold_seconds as raw_hold_seconds,
        acw_seconds as raw_acw_seconds,
        agents_count as raw_agents_count,
        queues_count as raw_queues_count,
        transfers_count as raw_transfers_count,
        holds_count as raw_holds_count,
        is_test as raw_is_test,
        is_resolved as raw_is_resolved,
        sentiment as raw_sentiment,
        updated_at as raw_updated_at,
        date_order,
        decimal_mark,
        source_file,
        source_row,
        file_hash,
        landed_at
    from plain

),

versioned as (

    select
        *,
        coalesce(
            changed_at,
            greatest(arrived_at, queued_at, answered_at, ended_at, wrapped_up_at)
        ) as version_at
    from typed

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                ("contact_id is null", 'contact_id is missing'),
                (
                    "contact_id not like 'template:%'",
                    'contact_id is of another platform, which supplies that contact'
                ),
                ("channel is null", 'channel is missing'),
                (clean_text('raw_arrived_at') ~ " is null", 'arrived_at is missing'),
                (
                    "direction not in ('inbound', 'outbound', 'internal')",
                    'direction is none of inbound, outbound and internal'
                ),
                (
                    "outcome not in ('answered', 'abandoned', 'abandoned_before_queue', "
                    ~ "'self_served', 'callback_requested', 'diverted', 'open')",
                    'outcome is not one of ours'
                ),
                ("queued_at < arrived_at", 'queued_at is before arrived_at'),
                (
                    "answered_at < coalesce(queued_at, arrived_at)",
                    'answered_at is before queued_at or arrived_at'
                ),
                (
                    "ended_at < coalesce(answered_at, queued_at, arrived_at)",
                    'ended_at is before the contact began or was answered'
                ),
                ("wrapped_up_at < coalesce(ended_at, arrived_at)", 'wrapped_up_at is before ended_at'),
                (
                    "answered_at is not null and outcome not in ('answered', 'callback_requested')",
                    'outcome says unanswered and answered_at is given'
                ),
                (
                    "queued_at is not null and outcome in ('abandoned_before_queue', 'self_served')",
                    'outcome says never queued and queued_at is given'
                ),
                ("sentiment not between -1 and 1", 'sentiment is not between -1 and 1'),
            ]
            + typing_rules('time', [
                'arrived_at',
                'queued_at',
                'answered_at',
                'ended_at',
                'wrapped_up_at',
                ('updated_at', 'changed_at'),
            ])
            + typing_rules('seconds', [
                'ivr_seconds',
                'wait_seconds',
                'talk_seconds',
                'hold_seconds',
                'acw_seconds',
            ])
            + typing_rules('count', ['agents_count', 'queues_count', 'transfers_count', 'holds_count'])
            + typing_rules('number', ['sentiment'])
            + typing_rules('boolean', [('is_test', 'stated_is_test'), 'is_resolved'])
            + format_rules(times, numbers + durations)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        contact_id,
        client,
        site,
        queue,
        channel,
        direction,
        contact_type,
        customer_key,
        language,
        arrived_at,
        queued_at,
        answered_at,
        ended_at,
        wrapped_up_at,
        outcome,
        ivr_seconds,
        wait_seconds,
        talk_seconds,
        hold_seconds,
        acw_seconds,
        first_agent_id,
        agents_count,
        queues_count,
        transfers_count,
        holds_count,
        is_test,
        is_resolved,
        sentiment,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        contact_id as record_key
    from checked

)

{{ staged('final', 'template', 'contacts') }}
