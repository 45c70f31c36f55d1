with

ledger as (

    select * from {{ source('vitals', 'ledger') }}

),

staged as (

    select * from {{ ref('int_staged_rows__unioned') }}

),

quarantine as (

    select * from {{ ref('rpt_quality_quarantine') }}

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

counted_by_reason as (

    select
        platform,
        stream,
        file_hash,
        reason_codes || ' × ' || cast(count(*) as {{ dbt.type_string() }}) as reason,
        count(*) filter (where is_corrected) as corrected_count
    from quarantine
    group by platform, stream, file_hash, reason_codes

),

reasons as (

    select
        platform,
        stream,
        file_hash,
        {{ joined_in_order("reason", ', ', 'reason') }} as quarantine_reasons,
        cast(sum(corrected_count) as bigint) as corrected_count
    from counted_by_reason
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
        cast(ledger.landed_at as date) as landed_date,
        ledger.rows_read as rows_read_count,
        ledger.rows_quarantined as landing_quarantined_count,
        coalesce(counted.current_count, 0) as current_count,
        coalesce(counted.superseded_count, 0) as superseded_count,
        coalesce(counted.duplicate_count, 0) as duplicate_count,
        coalesce(counted.staging_quarantined_count, 0) as staging_quarantined_count,
        coalesce(ledger.rows_expired, 0) as expired_count,
        reasons.quarantine_reasons,
        coalesce(reasons.corrected_count, 0) as corrected_count,
        ledger.rows_read
        - ledger.rows_quarantined
        - coalesce(ledger.rows_expired, 0)
        - coalesce(counted.staged_count, 0) as unaccounted_count
    from ledger
    left join counted
        on
            ledger.platform = counted.platform
            and ledger.stream = counted.stream
            and ledger.file_hash = counted.file_hash
            and ledger.status = 'landed'
    left join reasons
        on
            ledger.platform = reasons.platform
            and ledger.stream = reasons.stream
            and ledger.file_hash = reasons.file_hash
            and ledger.status = 'landed'

)

select * from accounted
