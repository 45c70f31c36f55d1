with

source as (

    select * from {{ landed_rows('zendesk', 'ticket_comments') }}

),

typed as (

    select
        {{ clean_text('id') }} as comment_id,
        {{ clean_text('ticket_id') }} as ticket_id,
        coalesce({{ clean_text('author_id') }}, {{ clean_text('user_id') }}) as author_id,
        -- the API makes a comment public unless it is told otherwise
        coalesce({{ boolean_from('public') }}, true) as is_public,
        {{ iso_to_utc('coalesce(created_at, created)') }} as created_at,
        {{ boolean_from('public') }} as stated_public,
        public as raw_public,
        coalesce(created_at, created) as raw_created_at,
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
            ("comment_id is null", 'id is missing'),
            ("ticket_id is null", 'ticket_id is missing'),
            (clean_text('raw_created_at') ~ " is null", 'created_at is missing'),
            (untyped('raw_created_at', 'created_at'), 'created_at is no valid time'),
            (untyped('raw_public', 'stated_public'), 'public is neither true nor false'),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        comment_id,
        ticket_id,
        author_id,
        is_public,
        created_at,
        'zendesk' as platform,
        created_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        comment_id as record_key
    from checked

)

{{ staged('final', 'zendesk', 'ticket_comments') }}
