-- a raw file that the ledger does not know would be counted and never explained
select
    staged.platform,
    staged.stream,
    staged.source_file,
    count(*) as rows_count
from {{ ref('int_staged_rows__unioned') }} as staged
left join {{ source('vitals', 'ledger') }} as ledger
    on
        staged.platform = ledger.platform
        and staged.stream = ledger.stream
        and staged.file_hash = ledger.file_hash
        and ledger.status = 'landed'
where ledger.file_hash is null
group by staged.platform, staged.stream, staged.source_file
