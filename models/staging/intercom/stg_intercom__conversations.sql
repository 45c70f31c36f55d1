with

source as (

    select * from {{ landed_rows('intercom', 'conversations') }}

),

parsed as (

    select
        *,
        {{ json_document('source') }} as source_json,
        {{ json_document('statistics') }} as statistics_json,
        {{ json_document('conversation_rating') }} as rating_json,
        {{ json_document('custom_attributes') }} as attributes_json
    from source

),

extracted as (

    select
        {{ clean_text('id') }} as conversation_id,
        lower({{ clean_text('state') }}) as state,
        coalesce(
            nullif({{ clean_text('team_assignee_id') }}, '0'),
            case when lower(assignee_type) = 'team' then {{ clean_text('assignee_id') }} end
        ) as team_id,
        coalesce(
            nullif({{ clean_text('admin_assignee_id') }}, '0'),
            case when lower(assignee_type) = 'admin' then {{ clean_text('assignee_id') }} end
        ) as admin_id,
        lower(coalesce({{ clean_text(json_text('source_json', 'type')) }}, {{ clean_text('source_type') }}))
            as source_type,
        lower(coalesce(
            {{ clean_text(json_text('source_json', 'delivered_as')) }},
            {{ clean_text('source_delivered_as') }}
        )) as delivered_as,
        coalesce(
            {{ clean_text(json_text('source_json', 'author.id')) }}, {{ clean_text('source_author_id') }}
        ) as customer_key,
        {{ clean_text(json_text('source_json', 'author.email')) }} as email_key,
        {{ clean_text(json_text('attributes_json', 'client')) }} as client,
        {{ clean_text(json_text('attributes_json', 'site')) }} as site,
        {{ clean_text(json_text('attributes_json', 'contact_type')) }} as contact_type,
        {{ clean_text(json_text('attributes_json', 'language')) }} as language,
        coalesce({{ matches('tags', '"vitals_test"') }}, false) as is_test,
        {{ clean_text('created_at') }} as raw_created_at,
        {{ clean_text('updated_at') }} as raw_updated_at,
        {{ clean_text(json_text('statistics_json', 'first_admin_reply_at')) }} as raw_first_admin_reply_at,
        {{ clean_text(json_text('statistics_json', 'last_close_at')) }} as raw_last_close_at,
        coalesce(
            {{ clean_text(json_text('rating_json', 'created_at')) }},
            {{ clean_text('conversation_rating_created_at') }}
        ) as raw_rating_asked_at,
        {{ clean_text(json_text('rating_json', 'updated_at')) }} as raw_rating_updated_at,
        coalesce(
            {{ clean_text(json_text('rating_json', 'rating')) }},
            {{ clean_text('conversation_rating_value') }}
        ) as raw_rating,
        {{ clean_text(json_text('rating_json', 'teammate.id')) }} as rated_admin_id,
        {{ count_from(json_text('statistics_json', 'count_reopens')) }} as reopens_count,
        source_file,
        source_row,
        file_hash,
        landed_at
    from parsed

),

typed as (

    select
        *,
        {{ epoch_or_iso('raw_created_at') }} as created_at,
        {{ epoch_or_iso('raw_updated_at') }} as changed_at,
        {{ epoch_or_iso('raw_first_admin_reply_at') }} as first_admin_reply_at,
        {{ epoch_or_iso('raw_last_close_at') }} as last_close_at,
        {{ epoch_or_iso('raw_rating_asked_at') }} as rating_asked_at,
        {{ epoch_or_iso('raw_rating_updated_at') }} as rating_updated_at,
        try_cast(raw_rating as decimal(9, 3)) as rating
    from extracted

),

checked as (

    select
        *,
        coalesce(changed_at, created_at) as updated_at,
        {{ quarantine_reason(
            [
                ('conversation_id is null', 'id is missing'),
                ('raw_created_at is null', 'created_at is missing'),
                ('changed_at < created_at', 'updated_at is before created_at'),
                ("state not in ('open', 'closed', 'snoozed')", 'state is none of open, closed and snoozed'),
                ('rating not between 1 and 5', 'rating is not between 1 and 5'),
            ]
            + typing_rules('time', [
                'created_at',
                ('updated_at', 'changed_at'),
                'first_admin_reply_at',
                'last_close_at',
                'rating_asked_at',
                'rating_updated_at',
            ])
            + typing_rules('number', ['rating'])
        ) }} as quarantine_reason
    from typed

),

final as (

    select
        conversation_id,
        state,
        team_id,
        admin_id,
        source_type,
        delivered_as,
        customer_key,
        email_key,
        client,
        site,
        contact_type,
        language,
        is_test,
        created_at,
        first_admin_reply_at,
        last_close_at,
        reopens_count,
        rating,
        rating_asked_at,
        rating_updated_at,
        rated_admin_id,
        'intercom' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        conversation_id as record_key
    from checked

)

{{ staged('final', 'intercom', 'conversations') }}
