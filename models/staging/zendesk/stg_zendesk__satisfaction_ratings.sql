with

source as (

    select * from {{ landed_rows('zendesk', 'satisfaction_ratings') }}

),

typed as (

    select
        {{ clean_text('id') }} as rating_id,
        {{ clean_text('ticket_id') }} as ticket_id,
        {{ clean_text('group_id') }} as group_id,
        {{ clean_text('assignee_id') }} as assignee_id,
        requester_id as customer_key,
        {{ clean_text('reason') }} as reason,
        -- good_with_comment and goodwithcomment are one word
        {{ clean_text(regexp_replace_all('lower(score)', '[^a-z]+', '')) }} as score,
        {{ iso_to_utc('created_at') }} as created_at,
        coalesce({{ iso_to_utc('updated_at') }}, {{ iso_to_utc('created_at') }}) as updated_at,
        {{ iso_to_utc('updated_at') }} as changed_at,
        score as raw_score,
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
        {{ quarantine_reason([
            ("rating_id is null", 'id is missing'),
            (clean_text('raw_created_at') ~ " is null", 'created_at is missing'),
            (untyped('raw_created_at', 'created_at'), 'created_at is no valid time'),
            (untyped('raw_updated_at', 'changed_at'), 'updated_at is no valid time'),
            ("changed_at < created_at", 'updated_at is before created_at'),
            (clean_text('raw_score') ~ " is null", 'score is missing'),
            (
                clean_text('raw_score') ~ " is not null and coalesce(score, '') not in ("
                ~ "'offered', 'unoffered', 'good', 'bad', 'goodwithcomment', 'badwithcomment')",
                'score is none of offered, unoffered, good and bad'
            ),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        rating_id,
        ticket_id,
        group_id,
        assignee_id,
        customer_key,
        score,
        reason,
        created_at,
        'zendesk' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        rating_id as record_key
    from checked

)

{{ staged('final', 'zendesk', 'satisfaction_ratings') }}
