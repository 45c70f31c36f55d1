{%- set times = ['period_start', 'period_end', 'updated_at'] -%}
{%- set numbers = [
    'offered_count',
    'answered_count',
    'abandoned_count',
    'short_abandon_count',
    'callback_requested_count',
    'diverted_count',
    'answered_in_target_count',
    'transferred_count',
] -%}
{%- set durations = [
    'target_seconds',
    'total_wait_seconds',
    'total_talk_seconds',
    'total_hold_seconds',
    'total_acw_seconds',
    'total_handle_seconds',
    'average_wait_seconds',
    'average_talk_seconds',
    'average_hold_seconds',
    'average_acw_seconds',
    'average_handle_seconds',
] -%}
with

source as (

    select * from {{ landed_rows('template', 'reported_totals') }}

),

formats as (

    {{ proven_formats('template', 'reported_totals', times, numbers + durations) }}

),

plain as (

    {{ plain_rows('template', 'reported_totals', times, numbers, durations) }}

),

typed as (

    select
        {{ day_from('plain_period_start') }} as stated_start_date,
        {{ day_from('plain_period_end') }} as stated_end_date,
        length(trim(plain_period_start)) = 7 as is_month_text,
        lower({{ clean_text('grain') }}) as stated_grain,
        {{ clean_text('client') }} as client,
        {{ clean_text('site') }} as site,
        {{ clean_text('queue') }} as queue,
        {{ clean_text('channel') }} as channel,
        coalesce(lower({{ clean_text('direction') }}), 'inbound') as direction,
        coalesce(lower({{ clean_text('abandons_counted') }}), 'all') as abandons_counted,
        coalesce(lower({{ clean_text('measured_over') }}), 'answered') as measured_over,
        {{ count_from('plain_offered_count') }} as offered_count,
        {{ count_from('plain_answered_count') }} as answered_count,
        {{ count_from('plain_abandoned_count') }} as abandoned_count,
        {{ count_from('plain_short_abandon_count') }} as short_abandon_count,
        {{ count_from('plain_callback_requested_count') }} as callback_requested_count,
        {{ count_from('plain_diverted_count') }} as diverted_count,
        {{ count_from('plain_answered_in_target_count') }} as answered_in_target_count,
        {{ count_from('plain_transferred_count') }} as transferred_count,
        try_cast(trim(plain_target_seconds) as decimal(18, 3)) as target_seconds,
        try_cast(trim(plain_total_wait_seconds) as decimal(18, 3)) as total_wait_seconds,
        try_cast(trim(plain_total_talk_seconds) as decimal(18, 3)) as total_talk_seconds,
        try_cast(trim(plain_total_hold_seconds) as decimal(18, 3)) as total_hold_seconds,
        try_cast(trim(plain_total_acw_seconds) as decimal(18, 3)) as total_acw_seconds,
        try_cast(trim(plain_total_handle_seconds) as decimal(18, 3)) as total_handle_seconds,
        try_cast(trim(plain_average_wait_seconds) as decimal(18, 3)) as average_wait_seconds,
        try_cast(trim(plain_average_talk_seconds) as decimal(18, 3)) as average_talk_seconds,
        try_cast(trim(plain_average_hold_seconds) as decimal(18, 3)) as average_hold_seconds,
        try_cast(trim(plain_average_acw_seconds) as decimal(18, 3)) as average_acw_seconds,
        try_cast(trim(plain_average_handle_seconds) as decimal(18, 3)) as average_handle_seconds,
        {{ iso_to_utc('plain_updated_at') }} as changed_at,
        period_start as raw_period_start,
        period_end as raw_period_end,
        updated_at as raw_updated_at,
        offered_count as raw_offered_count,
        answered_count as raw_answered_count,
        abandoned_count as raw_abandoned_count,
        short_abandon_count as raw_short_abandon_count,
        callback_requested_count as raw_callback_requested_count,
        diverted_count as raw_diverted_count,
        answered_in_target_count as raw_answered_in_target_count,
        transferred_count as raw_transferred_count,
        target_seconds as raw_target_seconds,
        total_wait_seconds as raw_total_wait_seconds,
        total_talk_seconds as raw_total_talk_seconds,
        total_hold_seconds as raw_total_hold_seconds,
        total_acw_seconds as raw_total_acw_seconds,
        total_handle_seconds as raw_total_handle_seconds,
        average_wait_seconds as raw_average_wait_seconds,
        average_talk_seconds as raw_average_talk_seconds,
        average_hold_seconds as raw_average_hold_seconds,
        average_acw_seconds as raw_average_acw_seconds,
        average_handle_seconds as raw_average_handle_seconds,
        date_order,
        decimal_mark,
        source_file,
        source_row,
        file_hash,
        landed_at
    from plain

),

-- what a row does not say of its period, its two days tell
grained as (

    select
        *,
        coalesce(
            case when is_month_text then 'month' end,
            stated_grain,
            case
                when {{ days_between('stated_start_date', 'stated_end_date') }} = 6 then 'week'
                when {{ days_between('stated_start_date', 'stated_end_date') }} > 6 then 'month'
                else 'day'
            end
        ) as grain
    from typed

),

begun as (

    select
        *,
        case grain
            when 'month' then {{ month_of('coalesce(stated_start_date, stated_end_date)') }}
            when 'week' then coalesce(stated_start_date, {{ add_days('stated_end_date', -6) }})
            else coalesce(stated_start_date, stated_end_date)
        end as period_start_date
    from grained

),

ended as (

    select
        *,
        case grain
            when 'month' then last_day(period_start_date)
            when 'week' then {{ add_days('period_start_date', 6) }}
            else period_start_date
        end as period_end_date
    from begun

),

keyed as (

    select
        *,
        {{ surrogate_key(['period_start_date', 'grain', 'client', 'site', 'queue', 'channel', 'direction']) }}
            as derived_key,
        count(*) over (
            partition by
                file_hash,
                period_start_date,
                grain,
                client,
                site,
                queue,
                channel,
                direction
        ) as same_in_file_count
    from ended

),

versioned as (

    select
        *,
        'template:' || derived_key as total_id,
        coalesce(changed_at, cast(period_start_date as timestamp)) as version_at
    from keyed

),

checked as (

    select
        *,
        {{ quarantine_reason(
            [
                (
                    clean_text('raw_period_start') ~ " is null and " ~ clean_text('raw_period_end') ~ " is null",
                    'period_start is missing, and period_end too'
                ),
                (untyped('raw_period_start', 'stated_start_date'), 'period_start is no day and no month'),
                (untyped('raw_period_end', 'stated_end_date'), 'period_end is no day and no month'),
                ("grain not in ('day', 'week', 'month')", 'grain is none of day, week and month'),
                ("stated_end_date < stated_start_date", 'period_end is before period_start'),
                (
                    "stated_end_date > stated_start_date and stated_end_date <> period_end_date",
                    'period_end does not end the day, week or month of period_start'
                ),
                ("channel is null", 'channel is missing'),
                (
                    "direction not in ('inbound', 'outbound', 'internal')",
                    'direction is none of inbound, outbound and internal'
                ),
                ("abandons_counted not in ('all', 'longer')", 'abandons_counted is neither all nor longer'),
                ("measured_over not in ('answered', 'offered')", 'measured_over is neither answered nor offered'),
                (
                    clean_text('raw_offered_count') ~ " is null and "
                    ~ clean_text('raw_answered_count') ~ " is null",
                    'offered_count is missing, and answered_count too'
                ),
                (
                    "coalesce(abandoned_count, 0) + coalesce(callback_requested_count, 0)"
                    ~ " + coalesce(diverted_count, 0) > offered_count",
                    'more contacts left the queue than offered_count says'
                ),
                (
                    "abandons_counted = 'all' and short_abandon_count > abandoned_count",
                    'short_abandon_count is more than abandoned_count'
                ),
                (
                    "answered_in_target_count > least(answered_count, offered_count)",
                    'answered_in_target_count is more than were answered'
                ),
                (
                    "transferred_count > least(answered_count, offered_count)",
                    'transferred_count is more than were answered'
                ),
                (
                    "same_in_file_count > 1",
                    'the file has several totals of this period, client, site, queue, channel and direction'
                ),
            ]
            + typing_rules('time', [('updated_at', 'changed_at')])
            + typing_rules('count', numbers)
            + typing_rules('seconds', durations)
            + format_rules(times, numbers + durations)
        ) }} as quarantine_reason
    from versioned

),

final as (

    select
        total_id,
        grain,
        period_start_date,
        period_end_date,
        client,
        site,
        queue,
        channel,
        direction,
        abandons_counted,
        measured_over,
        offered_count,
        answered_count,
        abandoned_count,
        short_abandon_count,
        callback_requested_count,
        diverted_count,
        answered_in_target_count,
        transferred_count,
        target_seconds,
        total_wait_seconds,
        total_talk_seconds,
        total_hold_seconds,
        total_acw_seconds,
        total_handle_seconds,
        average_wait_seconds,
        average_talk_seconds,
        average_hold_seconds,
        average_acw_seconds,
        average_handle_seconds,
        'template' as platform,
        version_at as updated_at,
        source_file,
        source_row,
        file_hash,
        landed_at,
        quarantine_reason,
        total_id as record_key
    from checked

)

{{ staged('final', 'template', 'reported_totals') }}
