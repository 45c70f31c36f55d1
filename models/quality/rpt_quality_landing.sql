with

ledger as (

    select * from {{ source('vitals', 'ledger') }}

),

staged as (

    select * from {{ ref('int_staged_rows__unioned') }}

),

counted as (

    select
        platform,
        stream,
        file_hash,
        count(*) as staged_count,
        count(*) filter (where record_status = 'current') as current_count,
        count(*) filter (where record_status = 'superseded') as superseded_count,
        count(*) filter (where record_status = 'duplicate') as duplicate_count,
        count(*) filter (where record_status = 'quarantined') as staging_quarantined_count
    from staged
    group by platform, stream, file_hash

),

accounted as (

    select
        ledger.platform,
        ledger.stream,
        ledger.source_file,
        ledger.file_hash,
        ledger.status,
        ledger.reason,
        ledger.extra_columns,
        ledger.landed_at,
        ledger.rows_read as rows_read_count,
        ledger.rows_quarantined as landing_quarantined_count,
        coalesce(counted.current_count, 0) as current_count,
        coalesce(counted.superseded_count, 0) as superseded_count,
        coalesce(counted.duplicate_count, 0) as duplicate_count,
        coalesce(counted.staging_quarantined_count, 0) as staging_quarantined_count,
        ledger.rows_read - ledger.rows_quarantined - coalesce(counted.staged_count, 0) as unaccounted_count
    from ledger
    left join counted
        on
            ledger.platform = counted.platform
            and ledger.stream = counted.stream
            and ledger.file_hash = counted.file_hash
            and ledger.status = 'landed'

)

select * from accounted
