{{ tracked('contact_id', by={'stg_genesys_cloud__conversations': "'genesys_cloud:' || conversation_id"}) }}
{#- Metrics of time in milliseconds, by the name that their sum has here. -#}
{%- set durations = {
    'tIvr': 'ivr_seconds',
    'tAcd': 'acd_seconds',
    'tAbandon': 'abandon_seconds',
    'tFlowOut': 'flow_out_seconds',
    'tAnswered': 'answered_seconds',
    'tTalk': 'talk_seconds',
    'tTalkComplete': 'talk_complete_seconds',
    'tHeld': 'hold_seconds',
    'tHeldComplete': 'hold_complete_seconds',
    'tAcw': 'acw_seconds',
} -%}
with

conversations as (

    select * from {{ ref('stg_genesys_cloud__conversations') }}
    where
        record_status = 'current'
        and {{ only_touched("'genesys_cloud:' || conversation_id") }}

),

participants as (

    select
        conversation_id,
        {{ json_to_rows('participants') }} as participant
    from conversations

),

sessions as (

    select
        conversation_id,
        {{ clean_text(json_text('participant', 'participantId')) }} as participant_id,
        lower({{ clean_text(json_text('participant', 'purpose')) }}) as purpose,
        {{ clean_text(json_text('participant', 'userId')) }} as user_id,
        {{ json_text('participant', 'attributes') }} as attributes,
        {{ json_to_rows(json_text('participant', 'sessions')) }} as session
    from participants

),

described as (

    select
        conversation_id,
        participant_id,
        purpose,
        user_id,
        attributes,
        {{ clean_text(json_text('session', 'sessionId')) }} as session_id,
        lower({{ clean_text(json_text('session', 'mediaType')) }}) as media_type,
        lower({{ clean_text(json_text('session', 'messageType')) }}) as message_type,
        lower({{ clean_text(json_text('session', 'direction')) }}) as direction,
        {{ clean_text(json_text('session', 'ani')) }} as ani,
        {{ clean_text(json_text('session', 'dnis')) }} as dnis,
        {{ clean_text(json_text('session', 'addressFrom')) }} as address_from,
        {{ clean_text(json_text('session', 'addressTo')) }} as address_to,
        coalesce(
            {{ json_text('session', 'monitoredParticipantId') }},
            {{ json_text('session', 'coachedParticipantId') }},
            {{ json_text('session', 'bargedParticipantId') }}
        ) is not null as is_listening,
        {{ json_text('session', 'segments') }} as segments,
        {{ json_text('session', 'metrics') }} as metrics
    from sessions

),

segment_rows as (

    select
        conversation_id,
        session_id,
        {{ json_to_rows('segments') }} as segment
    from described

),

segments as (

    select
        conversation_id,
        session_id,
        lower({{ json_text('segment', 'segmentType') }}) as segment_type,
        lower({{ json_text('segment', 'segmentType') }}) in ('interact', 'hold') as is_connected,
        {{ iso_to_utc(json_text('segment', 'segmentStart')) }} as started_at,
        {{ iso_to_utc(json_text('segment', 'segmentEnd')) }} as ended_at,
        {{ clean_text(json_text('segment', 'queueId')) }} as queue_id,
        lower({{ clean_text(json_text('segment', 'disconnectType')) }}) as disconnect_type,
        {{ clean_text(json_text('segment', 'wrapUpCode')) }} as wrap_up_code
    from segment_rows

),

ordered_segments as (

    select
        *,
        row_number() over (
            partition by conversation_id, session_id
            order by
                started_at nulls last,
                ended_at nulls last,
                segment_type nulls last,
                disconnect_type nulls last,
                queue_id nulls last,
                wrap_up_code nulls last
        ) as segment_number
    from segments

),

segment_sums as (

    select
        conversation_id,
        session_id,
        min(started_at) as started_at,
        case when not bool_or(ended_at is null) then max(ended_at) end as ended_at,
        min(started_at) filter (where is_connected) as connected_at,
        case
            when not bool_or(is_connected and ended_at is null) then max(ended_at) filter (where is_connected)
        end as disconnected_at,
        case
            when not bool_or(segment_type = 'wrapup' and ended_at is null)
                then max(ended_at) filter (where segment_type = 'wrapup')
        end as wrapped_up_at,
        min_by(queue_id, segment_number) filter (where queue_id is not null) as queue_id,
        max_by(disconnect_type, segment_number)
        filter (where segment_type <> 'wrapup' and disconnect_type is not null) as disconnect_type,
        max_by(wrap_up_code, segment_number) filter (where wrap_up_code is not null) as wrap_up_code,
        count(*) filter (where segment_type = 'hold') as holds_count,
        count(*) filter (where segment_type = 'alert') as alerts_count
    from ordered_segments
    group by conversation_id, session_id

),

metric_rows as (

    select
        conversation_id,
        session_id,
        {{ json_to_rows('metrics') }} as metric
    from described

),

metrics as (

    select
        conversation_id,
        session_id,
        {{ json_text('metric', 'name') }} as metric_name,
        try_cast({{ json_text('metric', 'value') }} as decimal(18, 3)) as metric_value
    from metric_rows

),

metric_sums as (

    select
        conversation_id,
        session_id,
        {%- for name, column in durations.items() %}
        cast(
            sum(metric_value) filter (where metric_name = '{{ name }}') / 1000 as decimal(18, 3)
        ) as {{ column }},
        {%- endfor %}
        cast(sum(metric_value) filter (where metric_name = 'nTransferred') as bigint) as transferred_count
    from metrics
    group by conversation_id, session_id

),

final as (

    select
        'genesys_cloud:' || described.conversation_id as contact_id,
        described.conversation_id,
        described.participant_id,
        described.session_id,
        described.purpose,
        described.user_id,
        described.attributes,
        described.media_type,
        described.message_type,
        described.direction,
        case
            when described.direction = 'outbound' then coalesce(described.dnis, described.address_to)
            else coalesce(described.ani, described.address_from)
        end as customer_key,
        described.is_listening,
        segment_sums.queue_id,
        segment_sums.started_at,
        segment_sums.connected_at,
        segment_sums.disconnected_at,
        segment_sums.ended_at,
        segment_sums.wrapped_up_at,
        segment_sums.disconnect_type,
        segment_sums.wrap_up_code,
        coalesce(segment_sums.holds_count, 0) as holds_count,
        coalesce(segment_sums.alerts_count, 0) as alerts_count,
        metric_sums.ivr_seconds,
        metric_sums.acd_seconds,
        metric_sums.abandon_seconds,
        metric_sums.flow_out_seconds,
        metric_sums.answered_seconds,
        -- The complete ones are the sums of the others, which come portion by portion.
        coalesce(metric_sums.talk_complete_seconds, metric_sums.talk_seconds) as talk_seconds,
        coalesce(metric_sums.hold_complete_seconds, metric_sums.hold_seconds) as hold_seconds,
        metric_sums.acw_seconds,
        coalesce(metric_sums.transferred_count, 0) as transferred_count,
        conversations.ended_at is not null as is_over,
        conversations.updated_at,
        conversations.source_file,
        conversations.source_row
    from described
    inner join conversations
        on described.conversation_id = conversations.conversation_id
    left join segment_sums
        on
            described.conversation_id = segment_sums.conversation_id
            and described.session_id = segment_sums.session_id
    left join metric_sums
        on
            described.conversation_id = metric_sums.conversation_id
            and described.session_id = metric_sums.session_id

)

select * from final
