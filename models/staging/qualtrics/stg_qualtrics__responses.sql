with

source as (

    select * from {{ landed_rows('qualtrics', 'responses') }}

),

-- The export is in the zone of whoever made it, which the third header row says.
headed as (

    select
        *,
        {{ json_document('import_ids') }} as header
    from source

),

zoned as (

    select
        *,
        {{ clean_text(regexp_replace_all(
            'coalesce('
            ~ json_text(json_document(json_text('header', 'start_date')), 'timeZone') ~ ', '
            ~ json_text(json_document(json_text('header', 'end_date')), 'timeZone') ~ ', '
            ~ json_text(json_document(json_text('header', 'recorded_date')), 'timeZone') ~ ')',
            '^Z$', 'UTC'
        )) }} as zone
    from headed

),

typed as (

    select
        {{ clean_text('response_id') }} as response_id,
        coalesce(
            {{ clean_text('survey_id') }},
            -- the product names the file after the survey, the day and the minute
            {{ clean_text(regexp_replace_all(
                regexp_replace_all(
                    "split_part(source_file, '/', -1)",
                    '(_[^_]*[0-9]{4}_[0-9]{2}[.][0-9]{2})?([.][A-Za-z]+)*$', ''
                ),
                '[+]', ' '
            )) }}
        ) as survey,
        {{ qualtrics_response_kind('status') }} as response_kind,
        {{ boolean_from('finished') }} as is_finished,
        {{ count_from('duration_in_seconds') }} as duration_seconds,
        {{ clean_text('distribution_channel') }} as distribution_channel,
        lower({{ clean_text('user_language') }}) as language,
        {{ prefixed_id('contact_id', 'qualtrics') }} as contact_id,
        {{ prefixed_id('agent_id', 'qualtrics') }} as agent_id,
        coalesce(
            {{ clean_text('customer') }},
            {{ clean_text('recipient_email') }},
            {{ clean_text('external_reference') }}
        ) as customer_key,
        {{ json_document('extra_columns') }} as answers,
        header as import_ids,
        zone,
        {{ iso_to_utc("'2000-01-01 00:00:00 ' || zone") }} is not null as is_zone_known,
        {{ iso_to_utc("trim(start_date) || ' ' || zone") }} as started_at,
        {{ iso_to_utc("trim(end_date) || ' ' || zone") }} as seen_at,
        {{ iso_to_utc("trim(recorded_date) || ' ' || zone") }} as recorded_at,
        start_date as raw_start_date,
        end_date as raw_end_date,
        recorded_date as raw_recorded_date,
        status as raw_status,
        finished as raw_finished,
        duration_in_seconds as raw_duration_in_seconds,
        source_file,
        source_row,
        file_hash,
        landed_at
    from zoned

),

checked as (

    select
        *,
        {{ quarantine_reason([
            ('response_id is null', 'response_id is missing'),
            ('zone is null', 'the third header row names no time zone'),
            ('zone is not null and not is_zone_known', 'the time zone of the third header row is unknown'),
            (clean_text('raw_start_date') ~ ' is null', 'start_date is missing'),
            (clean_text('raw_end_date') ~ ' is null', 'end_date is missing'),
            ('is_zone_known and ' ~ untyped('raw_start_date', 'started_at'), 'start_date is no valid time'),
            ('is_zone_known and ' ~ untyped('raw_end_date', 'seen_at'), 'end_date is no valid time'),
            ('is_zone_known and ' ~ untyped('raw_recorded_date', 'recorded_at'), 'recorded_date is no valid time'),
            (
                'seen_at < ' ~ add_seconds('started_at', '-3600.0'),
                'end_date is before start_date, by more than the hour that an autumn change repeats'
            ),
            (clean_text('raw_status') ~ ' is null', 'status is missing'),
            (untyped('raw_status', 'response_kind'), 'status is none of Qualtrics'),
            (untyped('raw_finished', 'is_finished'), 'finished is neither true nor false'),
        ] + typing_rules('count', [('duration_in_seconds', 'duration_seconds')])) }} as quarantine_reason
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
        contact_id,
        agent_id,
        customer_key,
        answers,
        import_ids,
        started_at,
        greatest(started_at, seen_at) as ended_at,
        'qualtrics' as platform,
        coalesce(recorded_at, seen_at) as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        response_id as record_key
    from checked

)

{{ staged('final', 'qualtrics', 'responses') }}
