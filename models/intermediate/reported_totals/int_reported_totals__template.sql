{{ tracked('total_id', by={'stg_template__reported_totals': 'total_id'}) }}
{#- An average counts as often as there were contacts that it was made of. -#}
{%- set measured_count =
    "case measured_over when 'answered' then all_answered_count else all_offered_count end" -%}
{%- set weighed = {} -%}
{%- for part in ['wait', 'talk', 'hold', 'acw', 'handle'] -%}
    {%- do weighed.update({part: 'coalesce(total_' ~ part ~ '_seconds, average_' ~ part ~ '_seconds * cast('
        ~ measured_count ~ ' as decimal(12, 0)))'}) -%}
{%- endfor -%}
with

totals as (

    select * from {{ ref('stg_template__reported_totals') }}
    where
        record_status = 'current'
        and {{ only_touched('total_id') }}

),

-- short abandons that the report leaves out of its abandons are abandons all the same
left_queue as (

    select
        *,
        case abandons_counted
            when 'longer' then abandoned_count + coalesce(short_abandon_count, 0)
            else abandoned_count
        end as all_abandoned_count,
        coalesce(callback_requested_count, 0) + coalesce(diverted_count, 0) as otherwise_left_count
    from totals

),

counted as (

    select
        *,
        coalesce(offered_count, answered_count + all_abandoned_count + otherwise_left_count)
            as all_offered_count,
        coalesce(answered_count, offered_count - all_abandoned_count - otherwise_left_count)
            as all_answered_count
    from left_queue

),

-- who gave up was not talked to
weighed as (

    select
        *,
        case when measured_over = 'answered' then {{ weighed.wait }} end as wait_seconds,
        {{ weighed.talk }} as talk_seconds,
        {{ weighed.hold }} as hold_seconds,
        {{ weighed.acw }} as acw_seconds,
        {{ weighed.handle }} as handle_seconds
    from counted

),

contracted as (

    select
        total_id,
        'template' as platform,
        grain,
        period_start_date,
        period_end_date,
        client as native_client,
        site as native_site,
        queue as native_queue,
        channel as native_channel,
        direction,
        abandons_counted,
        all_offered_count as offered_count,
        all_answered_count as answered_count,
        all_abandoned_count as abandoned_count,
        short_abandon_count,
        callback_requested_count,
        diverted_count,
        answered_in_target_count,
        target_seconds,
        transferred_count,
        cast(wait_seconds as decimal(18, 3)) as wait_seconds,
        cast(talk_seconds as decimal(18, 3)) as talk_seconds,
        cast(hold_seconds as decimal(18, 3)) as hold_seconds,
        cast(acw_seconds as decimal(18, 3)) as acw_seconds,
        cast(coalesce(
            handle_seconds, talk_seconds + coalesce(hold_seconds, 0) + coalesce(acw_seconds, 0)
        ) as decimal(18, 3)) as handle_seconds,
        updated_at,
        source_file,
        source_row
    from weighed

)

select * from contracted
