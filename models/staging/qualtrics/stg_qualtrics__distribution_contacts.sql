with

source as (

    select * from {{ landed_rows('qualtrics', 'distribution_contacts') }}

),

typed as (

    select
        {{ clean_text('distribution_id') }} || ':' || {{ clean_text('contact_id') }} as invitation_id,
        {{ clean_text('response_id') }} as response_id,
        nullif({{ matched('survey_link', 'SV_[A-Za-z0-9]+') }}, '') as survey,
        lower({{ clean_text('status') }}) as status,
        {{ iso_to_utc('sent_at') }} as sent_at,
        {{ iso_to_utc('opened_at') }} as opened_at,
        {{ iso_to_utc('response_started_at') }} as started_at,
        {{ iso_to_utc('response_completed_at') }} as completed_at,
        {{ iso_to_utc('fivetran_synced') }} as synced_at,
        sent_at as raw_sent_at,
        opened_at as raw_opened_at,
        response_started_at as raw_response_started_at,
        response_completed_at as raw_response_completed_at,
        fivetran_synced as raw_fivetran_synced,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

decided as (

    select
        *,
        coalesce(status not in (
            'pending', 'error', 'skipped', 'blocked', 'failure', 'unknown', 'softbounce', 'hardbounce'
        ), true) as is_delivered
    from typed

),

checked as (

    select
        *,
        {{ quarantine_reason([
            ('invitation_id is null', 'distribution_id or contact_id is missing'),
            ('is_delivered and ' ~ clean_text('raw_sent_at') ~ ' is null', 'sent_at is missing'),
        ] + typing_rules('time', [
            'sent_at',
            'opened_at',
            ('response_started_at', 'started_at'),
            ('response_completed_at', 'completed_at'),
            ('fivetran_synced', 'synced_at'),
        ])) }} as quarantine_reason
    from decided

),

final as (

    select
        invitation_id,
        response_id,
        survey,
        status,
        is_delivered,
        sent_at,
        'qualtrics' as platform,
        coalesce(synced_at, greatest(sent_at, opened_at, started_at, completed_at)) as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        invitation_id as record_key
    from checked

)

{{ staged('final', 'qualtrics', 'distribution_contacts') }}
