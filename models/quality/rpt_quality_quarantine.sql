with

landing as (

    select * from {{ source('vitals', 'quarantine') }}

),

staged as (

    select * from {{ ref('int_staged_rows__unioned') }}
    where record_status = 'quarantined'

),

-- the line's text stays with the owner of the raw files: it may hold a customer's data
unioned as (

    select
        'landing' as stage,
        platform,
        stream,
        source_file,
        source_row,
        file_hash,
        reason_code as reason_codes,
        reason,
        false as is_corrected,
        landed_at
    from landing
    union all
    select
        'staging' as stage,
        platform,
        stream,
        source_file,
        source_row,
        file_hash,
        {{ reason_codes('quarantine_reason') }} as reason_codes,
        quarantine_reason as reason,
        is_corrected,
        landed_at
    from staged

)

select * from unioned
