with

ledger as (

    select * from {{ source('vitals', 'ledger') }}
    where status = 'landed'

),

runs as (

    select max(built_at) as built_at
    from {{ source('vitals', 'runs') }}

),

resolved_runs as (

    select * from {{ ref('int_runs__resolved') }}

),

staged as (

    select * from {{ ref('int_staged_rows__unioned') }}
    where record_status = 'current'

),

rules as (

    select * from {{ ref('stream_rules') }}

),

dates as (

    select * from {{ ref('dim_date') }}

),

sites as (

    select * from {{ ref('sites') }}

),

public_holidays as (

    select distinct holidays.date as day
    from {{ ref('holidays') }} as holidays
    inner join sites
        on holidays.country = sites.country

),

landed as (

    select
        platform,
        stream,
        max(landed_at) as last_landed_at
    from ledger
    group by platform, stream

),

ruled as (

    select
        landed.platform,
        landed.stream,
        landed.platform || '/' || landed.stream as stream_name,
        landed.last_landed_at,
        rules.silent_after_hours,
        rules.volume_tolerance_share,
        rules.volume_weeks,
        rules.least_usual_count,
        row_number() over (
            partition by landed.platform, landed.stream
            order by
                rules.stream = '*' nulls last,
                rules.platform = '*' nulls last
        ) as preference
    from landed
    inner join rules
        on
            (rules.platform = '*' or landed.platform = rules.platform)
            and (rules.stream = '*' or landed.stream = rules.stream)

),

-- what is dated later than the run reports has not happened yet
records as (

    select
        staged.platform,
        staged.stream,
        staged.updated_at,
        cast(staged.updated_at as date) as day
    from staged
    cross join resolved_runs
    where staged.updated_at <= resolved_runs.as_of

),

reached as (

    select
        platform,
        stream,
        min(day) as first_day,
        max(day) as last_day,
        max(updated_at) as last_updated_at
    from records
    group by platform, stream

),

streams as (

    select
        ruled.*,
        ruled.silent_after_hours * 3600 as silent_after_seconds,
        reached.first_day,
        reached.last_updated_at,
        {{ add_days('reached.last_day', -1) }} as last_whole_day,
        {{ seconds_between('reached.last_updated_at', 'resolved_runs.as_of') }} as record_age_seconds,
        {{ seconds_between('ruled.last_landed_at', 'runs.built_at') }} as landing_age_seconds,
        {{ seconds_between('reached.last_updated_at', 'ruled.last_landed_at') }} as delivery_age_seconds
    from ruled
    cross join resolved_runs
    cross join runs
    left join reached
        on
            ruled.platform = reached.platform
            and ruled.stream = reached.stream
    where ruled.preference = 1

),

-- a load of old files is not a feed that stopped: only what was fresh when it landed last has to land again
silences as (

    select
        platform,
        stream,
        stream_name,
        silent_after_hours,
        record_age_seconds > silent_after_seconds as is_left_behind,
        case
            when record_age_seconds > silent_after_seconds then last_updated_at
            else last_landed_at
        end as since_at,
        case
            when record_age_seconds > silent_after_seconds then cast(record_age_seconds as double)
            else cast(landing_age_seconds as double)
        end / 3600 as silent_hours
    from streams
    where
        record_age_seconds > silent_after_seconds
        or (landing_age_seconds > silent_after_seconds and delivery_age_seconds <= silent_after_seconds)

),

silent_streams as (

    select
        'silent_stream' as kind,
        platform,
        stream,
        since_at,
        cast(null as date) as day,
        silent_hours as observed_value,
        cast(silent_after_hours as double) as expected_value,
        'hours' as unit,
        stream_name || case
            when is_left_behind then ': its newest record is '
            else ': nothing landed for '
        end
        || cast(cast(floor(silent_hours) as bigint) as {{ dbt.type_string() }}) || ' hours'
        || case when is_left_behind then ' older than the data reaches' else '' end
        || '; its rule allows '
        || cast(cast(floor(silent_after_hours) as bigint) as {{ dbt.type_string() }}) || '.'
            as message,
        'See whether its export still runs, and where its files go. '
        || 'Where it has ended or this is usual, change its row in stream_rules.'
            as remedy
    from silences

),

-- the last day that the stream itself has gone on after: of a later one some files may still be to come
judged as (

    select streams.*
    from streams
    left join public_holidays
        on streams.last_whole_day = public_holidays.day
    where
        streams.volume_tolerance_share is not null
        and streams.last_whole_day > streams.first_day
        and public_holidays.day is null

),

counted as (

    select
        platform,
        stream,
        day,
        count(*) as records_count
    from records
    group by platform, stream, day

),

-- the first day of a stream may have begun anywhere
compared_days as (

    select
        judged.platform,
        judged.stream,
        dates.day,
        coalesce(counted.records_count, 0) as records_count
    from judged
    inner join dates
        on
            judged.first_day < dates.day
            and judged.last_whole_day > dates.day
            and {{ days_between('dates.day', 'judged.last_whole_day') }} <= 7 * judged.volume_weeks
            and {{ days_between('dates.day', 'judged.last_whole_day') }} % 7 = 0
    left join public_holidays
        on dates.day = public_holidays.day
    left join counted
        on
            judged.platform = counted.platform
            and judged.stream = counted.stream
            and dates.day = counted.day
    where public_holidays.day is null

),

usual as (

    select
        platform,
        stream,
        cast(median(records_count) as decimal(18, 3)) as usual_count
    from compared_days
    group by platform, stream
    having count(*) >= 3

),

measured as (

    select
        judged.platform,
        judged.stream,
        judged.stream_name,
        judged.last_whole_day as day,
        judged.volume_tolerance_share,
        usual.usual_count,
        coalesce(counted.records_count, 0) as records_count,
        cast(
            round(
                abs(coalesce(counted.records_count, 0) - usual.usual_count) * 100
                / nullif(usual.usual_count, 0)
            )
            as bigint
        ) as off_percent
    from judged
    inner join usual
        on
            judged.platform = usual.platform
            and judged.stream = usual.stream
    left join counted
        on
            judged.platform = counted.platform
            and judged.stream = counted.stream
            and judged.last_whole_day = counted.day
    where usual.usual_count > 0 and usual.usual_count >= judged.least_usual_count

),

unusual_volumes as (

    select
        'unusual_volume' as kind,
        platform,
        stream,
        cast(null as timestamp) as since_at,
        day,
        cast(records_count as double) as observed_value,
        cast(usual_count as double) as expected_value,
        'records' as unit,
        stream_name || ': ' || cast(records_count as {{ dbt.type_string() }}) || ' records on '
        || cast(day as {{ dbt.type_string() }}) || ', '
        || cast(off_percent as {{ dbt.type_string() }})
        || ' % ' || case when records_count < usual_count then 'fewer' else 'more' end || ' than the '
        || cast(cast(round(usual_count) as bigint) as {{ dbt.type_string() }})
        || ' that are usual on this weekday.'
            as message,
        'Compare with the platform: was an export cut off or delivered in two forms, '
        || 'or is there a reason such as an outage?'
            as remedy
    from measured
    where abs(records_count - usual_count) > volume_tolerance_share * usual_count

),

alerts as (

    select * from silent_streams
    union all
    select * from unusual_volumes

)

select * from alerts
