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
        reason
    from landing
    union all
    select
        'staging' as stage,
        platform,
        stream,
        source_file,
        source_row,
        file_hash,
        quarantine_reason as reason
    from staged

)

select * from unioned
