with

ledger as (

    select * from {{ source('vitals', 'ledger') }}

),

staged as (

    select * from {{ ref('int_staged_rows__unioned') }}

),

files as (

    select
        platform,
        stream,
        max(landed_at) as last_landed_at,
        count(*) filter (where status = 'landed') as files_count
    from ledger
    group by platform, stream

),

records as (

    select
        platform,
        stream,
        max(updated_at) as last_updated_at,
        count(*) filter (where record_status = 'current') as current_count
    from staged
    where record_status <> 'quarantined'
    group by platform, stream

),

joined as (

    select
        files.platform,
        files.stream,
        files.files_count,
        files.last_landed_at,
        coalesce(records.current_count, 0) as current_count,
        records.last_updated_at
    from files
    left join records
        on
            files.platform = records.platform
            and files.stream = records.stream

)

select * from joined
