with

source as (

    select * from {{ landed_rows('genesys_cloud', 'conversations') }}

),

extracted as (

    select
        {{ clean_text('conversation_id') }} as conversation_id,
        lower({{ clean_text('originating_direction') }}) as originating_direction,
        {{ clean_text('conversation_start') }} as conversation_start,
        {{ clean_text('conversation_end') }} as conversation_end,
        {{ clean_text('external_tag') }} as external_tag,
        division_ids,
        participants,
        {{ json_document('participants') }} as participants_json,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

typed as (

    select
        *,
        {{ iso_to_utc('conversation_start') }} as started_at,
        {{ iso_to_utc('conversation_end') }} as ended_at,
        -- The export carries no version: of two the one that tells of later things is the newer.
        greatest(
            coalesce({{ latest_time_in('participants_json') }}, {{ iso_to_utc('conversation_start') }}),
            coalesce({{ iso_to_utc('conversation_end') }}, {{ iso_to_utc('conversation_start') }})
        ) as updated_at
    from extracted

),

checked as (

    select
        *,
        {{ quarantine_reason([
            ('conversation_id is null', 'conversation id is missing'),
            ('conversation_start is null', 'conversation start is missing'),
            (untyped('conversation_start', 'started_at'), 'conversation start is no valid time'),
            (untyped('conversation_end', 'ended_at'), 'conversation end is no valid time'),
            ('ended_at < started_at', 'conversation end is before conversation start'),
            (
                "originating_direction not in ('inbound', 'outbound')",
                'originating direction is neither inbound nor outbound'
            ),
            (untyped('participants', 'participants_json'), 'participants is no JSON'),
            (has_broken_time('participants_json'), 'a time of participants is no valid time'),
            (
                matches('participants_json', '"value": ?"?-'),
                'a metric of participants is negative'
            ),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        conversation_id,
        originating_direction,
        external_tag,
        division_ids,
        participants_json as participants,
        started_at,
        ended_at,
        'genesys_cloud' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        conversation_id as record_key
    from checked

)

{{ staged('final', 'genesys_cloud', 'conversations') }}
