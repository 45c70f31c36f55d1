with

source as (

    select * from {{ landed_rows('qualtrics', 'survey_responses') }}

),

typed as (

    select
        {{ clean_text('id') }} as response_id,
        {{ clean_text('survey_id') }} as survey,
        {{ qualtrics_response_kind('status') }} as response_kind,
        {{ boolean_from('finished') }} as is_finished,
        {{ count_from('duration_in_seconds') }} as duration_seconds,
        {{ clean_text('distribution_channel') }} as distribution_channel,
        lower({{ clean_text('user_language') }}) as language,
        {{ clean_text('recipient_email') }} as customer_key,
        {{ iso_to_utc('start_date') }} as started_at,
        {{ iso_to_utc('end_date') }} as ended_at,
        {{ iso_to_utc('recorded_date') }} as recorded_at,
        {{ iso_to_utc('last_modified_date') }} as changed_at,
        start_date as raw_start_date,
        end_date as raw_end_date,
        recorded_date as raw_recorded_date,
        last_modified_date as raw_last_modified_date,
        status as raw_status,
        finished as raw_finished,
        duration_in_seconds as raw_duration_in_seconds,
        source_file,
        source_row,
        file_hash,
        landed_at
    from source

),

checked as (

    select
        *,
        {{ quarantine_reason([
            ('response_id is null', 'id is missing'),
            ('survey is null', 'survey_id is missing'),
            (clean_text('raw_start_date') ~ ' is null', 'start_date is missing'),
            (clean_text('raw_end_date') ~ ' is null', 'end_date is missing'),
            ('ended_at < started_at', 'end_date is before start_date'),
            (clean_text('raw_status') ~ ' is null', 'status is missing'),
            (untyped('raw_status', 'response_kind'), 'status is none of Qualtrics'),
        ] + typing_rules('time', [
            ('start_date', 'started_at'),
            ('end_date', 'ended_at'),
            ('recorded_date', 'recorded_at'),
            ('last_modified_date', 'changed_at'),
        ]) + typing_rules('boolean', [('finished', 'is_finished')])
        + typing_rules('count', [('duration_in_seconds', 'duration_seconds')])) }} as quarantine_reason
    from typed

),

final as (

    select
        response_id,
        survey,
        response_kind,
        is_finished,
        duration_seconds,
        distribution_channel,
        language,
        customer_key,
        started_at,
        ended_at,
        'qualtrics' as platform,
        coalesce(changed_at, recorded_at, ended_at) as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        response_id as record_key
    from checked

)

{{ staged('final', 'qualtrics', 'survey_responses') }}
