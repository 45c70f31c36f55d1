with

source as (

    select * from {{ landed_rows('zendesk', 'tickets') }}

),

typed as (

    select
        {{ clean_text('id') }} as ticket_id,
        lower(coalesce(
            {{ clean_text(json_text(json_document('via'), 'channel')) }},
            {{ clean_text('via_channel') }}
        )) as via_channel,
        replace(lower({{ clean_text('status') }}), 'on-hold', 'hold') as status,
        {{ clean_text('group_id') }} as group_id,
        {{ clean_text('brand_id') }} as brand_id,
        {{ clean_text('assignee_id') }} as assignee_id,
        {{ clean_text('requester_id') }} as requester_id,
        requester_key as customer_key,
        {{ clean_text('submitter_id') }} as submitter_id,
        {{ clean_text(regexp_replace_all('lower(tags)', '[^0-9a-z_:/.-]+', ' ')) }} as tags,
        {{ clean_text('type') }} as ticket_type,
        {{ clean_text('priority') }} as priority,
        {{ clean_text('custom_contact_type') }} as contact_type,
        nullif({{ regexp_replace_all('merged_ticket_ids', '[^0-9,]+', '') }}, '') as merged_ticket_ids,
        {{ boolean_from('is_public') }} as is_public,
        {{ iso_to_utc('created_at') }} as created_at,
        coalesce({{ iso_to_utc('updated_at') }}, {{ iso_to_utc('created_at') }}) as updated_at,
        {{ iso_to_utc('updated_at') }} as changed_at,
        created_at as raw_created_at,
        updated_at as raw_updated_at,
        is_public as raw_is_public,
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
            ("ticket_id is null", 'id is missing'),
            (clean_text('raw_created_at') ~ " is null", 'created_at is missing'),
            (untyped('raw_created_at', 'created_at'), 'created_at is no valid time'),
            (untyped('raw_updated_at', 'changed_at'), 'updated_at is no valid time'),
            ("changed_at < created_at", 'updated_at is before created_at'),
            (untyped('raw_is_public', 'is_public'), 'is_public is neither true nor false'),
        ]) }} as quarantine_reason
    from typed

),

final as (

    select
        ticket_id,
        group_id,
        brand_id,
        assignee_id,
        requester_id,
        submitter_id,
        customer_key,
        merged_ticket_ids,
        via_channel,
        status,
        ticket_type,
        priority,
        contact_type,
        tags,
        is_public,
        created_at,
        'zendesk' as platform,
        updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        ticket_id as record_key
    from checked

)

{{ staged('final', 'zendesk', 'tickets') }}
