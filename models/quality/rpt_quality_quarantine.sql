with

landing as (

    select * from {{ source('vitals', 'quarantine') }}

),

staged as (

    select * from {{ ref('int_staged_rows__unioned') }}
    where record_status = 'quarantined'

),

corrected as (

    select * from {{ ref('int_corrected_rows__found') }}

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
        staged.platform,
        staged.stream,
        staged.source_file,
        staged.source_row,
        staged.file_hash,
        {{ reason_codes('staged.quarantine_reason') }} as reason_codes,
        staged.quarantine_reason as reason,
        corrected.source_row is not null as is_corrected,
        staged.landed_at
    from staged
    left join corrected
        on
            staged.platform = corrected.platform
            and staged.stream = corrected.stream
            and staged.file_hash = corrected.file_hash
            and staged.source_row = corrected.source_row

)

select * from unioned
