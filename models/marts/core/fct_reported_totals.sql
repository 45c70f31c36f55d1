{{ tracked_whole('total_id') }}
with

totals as (

    select * from {{ ref('int_reported_totals__unioned') }}

),

contacts as (

    select distinct
        day,
        client,
        site,
        channel
    from {{ ref('agg_contacts_daily') }}

),

thresholds as (

    select * from {{ ref('thresholds') }}
    where threshold = 'service_level_seconds'

),

runs as (

    select cast(as_of as date) as as_of_date from {{ ref('int_runs__resolved') }}

),

-- who tells each contact has told its sum, too; what no map knows may be any of them
told_by_contacts as (

    select distinct totals.total_id
    from totals
    inner join contacts
        on
            totals.client = contacts.client
            and contacts.day between totals.period_start_date and totals.period_end_date
            and (totals.site = contacts.site or 'unmapped' in (totals.site, contacts.site))
            and (totals.channel = contacts.channel or 'unmapped' in (totals.channel, contacts.channel))

),

-- a shorter period that overlaps, or the same one by queue; apart, so that each is a join on what is equal
told_by_finer_totals as (

    select totals.total_id
    from totals
    inner join totals as finer
        on
            totals.client = finer.client
            and totals.site = finer.site
            and totals.channel = finer.channel
            and totals.direction = finer.direction
    where
        totals.grain <> 'day'
        and finer.grain <> 'month'
        and totals.grain <> finer.grain
        and finer.period_start_date <= totals.period_end_date
        and finer.period_end_date >= totals.period_start_date
        and (totals.queue = finer.queue or totals.queue is null or finer.queue is null)
    union
    select totals.total_id
    from totals
    inner join totals as finer
        on
            totals.client = finer.client
            and totals.site = finer.site
            and totals.channel = finer.channel
            and totals.direction = finer.direction
            and totals.grain = finer.grain
            and totals.period_start_date = finer.period_start_date
    where
        totals.queue is null
        and finer.queue is not null

),

scopes as (

    select distinct
        client,
        coalesce(queue, 'no_queue') as queue,
        channel,
        period_start_date as day
    from totals
    union
    select distinct
        client,
        coalesce(queue, 'no_queue') as queue,
        channel,
        period_end_date as day
    from totals

),

thresholds_in_force as (

    {{ in_force('scopes', 'thresholds', 'threshold', 'value', ['service_level_seconds']) }}

),

placed as (

    select
        totals.*,
        coalesce(
            totals.target_seconds <> first_thresholds.service_level_seconds
            or totals.target_seconds <> last_thresholds.service_level_seconds,
            false
        ) as is_other_threshold,
        case
            when totals.direction <> 'inbound' then 'not_inbound'
            when told_by_contacts.total_id is not null then 'single_contacts'
            when told_by_finer_totals.total_id is not null then 'finer_totals'
        end as not_counted_reason,
        totals.period_end_date < runs.as_of_date as is_final
    from totals
    cross join runs
    left join told_by_contacts
        on totals.total_id = told_by_contacts.total_id
    left join told_by_finer_totals
        on totals.total_id = told_by_finer_totals.total_id
    left join thresholds_in_force as first_thresholds
        on
            totals.client = first_thresholds.client
            and coalesce(totals.queue, 'no_queue') = first_thresholds.queue
            and totals.channel = first_thresholds.channel
            and totals.period_start_date = first_thresholds.day
    left join thresholds_in_force as last_thresholds
        on
            totals.client = last_thresholds.client
            and coalesce(totals.queue, 'no_queue') = last_thresholds.queue
            and totals.channel = last_thresholds.channel
            and totals.period_end_date = last_thresholds.day

),

-- in the words of agg_contacts_daily; null is unknown and leaves the KPIs that ask for it
measured as (

    select
        total_id,
        platform,
        grain,
        period_start_date,
        period_end_date,
        client,
        site,
        queue,
        channel,
        direction,
        not_counted_reason is null as is_counted,
        not_counted_reason,
        offered_count as contacts_count,
        offered_count,
        answered_count,
        abandoned_count,
        abandons_counted,
        cast(coalesce(short_abandon_count, 0) as bigint) as short_abandon_count,
        callback_requested_count,
        diverted_count,
        answered_in_target_count as reported_in_target_count,
        target_seconds,
        case when not is_other_threshold then answered_in_target_count end as answered_in_target_count,
        transferred_count,
        wait_seconds as answered_wait_seconds,
        case when wait_seconds is not null then answered_count end as wait_measured_count,
        talk_seconds,
        case when handle_seconds is not null then answered_count end as talk_measured_count,
        hold_seconds,
        case when hold_seconds is not null then answered_count end as hold_measured_count,
        acw_seconds,
        case when acw_seconds is not null then answered_count end as acw_measured_count,
        handle_seconds,
        is_final,
        updated_at,
        source_file,
        source_row
    from placed

)

select * from measured
