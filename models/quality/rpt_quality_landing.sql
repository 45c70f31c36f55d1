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
        case when ledger.status = 'landed' then coalesce(counted.current_count, 0) else 0 end as current_count,
        case when ledger.status = 'landed' then coalesce(counted.superseded_count, 0) else 0 end as superseded_count,
        case when ledger.status = 'landed' then coalesce(counted.duplicate_count, 0) else 0 end as duplicate_count,
        case when ledger.status = 'landed' then coalesce(counted.staging_quarantined_count, 0) else 0 end
            as staging_quarantined_count,
        ledger.rows_read - ledger.rows_quarantined
        - case when ledger.status = 'landed' then coalesce(counted.staged_count, 0) else 0 end
            as unaccounted_count
    from ledger
    left join counted
        on
            ledger.platform = counted.platform
            and ledger.stream = counted.stream
            and ledger.file_hash = counted.file_hash

)

select * from accounted
