with

run_history as (

    select * from {{ source('vitals', 'run_history') }}

),

-- the run that builds this does not know its end yet: it is here from the next publication on
ended as (

    select
        run_id,
        command,
        started_at,
        finished_at,
        seconds,
        vitals_version,
        as_of,
        files_landed_count,
        files_refused_count,
        rows_landed_count,
        rows_quarantined_count,
        models_count,
        tests_count,
        tables_count,
        restated_count,
        alerts_count,
        result,
        error,
        remedy
    from run_history
    where result <> 'running'

)

select * from ended
