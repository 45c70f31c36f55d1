with

source as (

    select * from {{ landed_rows('intercom', 'conversation_parts') }}

),

parsed as (

    select
        *,
        {{ json_document('author') }} as author_json
    from source

),

extracted as (

    select
        {{ clean_text('id') }} as part_id,
        {{ clean_text('conversation_id') }} as conversation_id,
        lower({{ clean_text('part_type') }}) as part_type,
        lower(coalesce({{ clean_text(json_text('author_json', 'type')) }}, {{ clean_text('author_type') }}))
            as author_type,
        coalesce({{ clean_text(json_text('author_json', 'id')) }}, {{ clean_text('author_id') }})
            as author_id,
        {{ clean_text('created_at') }} as raw_created_at,
        {{ clean_text('updated_at') }} as raw_updated_at,
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
        {{ epoch_or_iso('raw_updated_at') }} as changed_at
    from extracted

),

checked as (

    select
        *,
        coalesce(changed_at, created_at) as updated_at,
        {{ quarantine_reason(
            [
                ('part_id is null', 'id is missing'),
                ('conversation_id is null', 'conversation_id is missing'),
                ('raw_created_at is null', 'created_at is missing'),
            ]
            + typing_rules('time', ['created_at', ('updated_at', 'changed_at')])
        ) }} as quarantine_reason
    from typed

),

final as (

    select
        part_id,
        conversation_id,
        part_type,
        author_type,
        -- Customers are known by their hash in the conversation.
        case when author_type = 'admin' then author_id end as admin_id,
        created_at,
        'intercom' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        part_id as record_key
    from checked

)

{{ staged('final', 'intercom', 'conversation_parts') }}
