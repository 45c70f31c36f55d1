{#-
Does being put on hold hurt satisfaction?

How to read it: one row per band of hold time, of answered contacts with a CSAT answer and a known hold time. csat_rate is what these customers answered;
expected_rate is what customers with the same contact type and channel answer on average, whatever their hold time. difference_points is between
the two: it takes out that hard matters have both long holds and unhappy customers. With few answers_count it is chance: standard_error_points is the size of
that chance, and less than two of them says nothing. The differences, weighted by answers, add up to nothing.

What to change: weeks (default 12) back from the last finished day; the upper ends of the bands in the CTE `bands`.
-#}
with

contacts as (

    select * from {{ ref('fct_contacts') }}
    where
        is_in_scope
        and is_answered
        and is_final

),

surveys as (

    select * from {{ ref('fct_survey_responses') }}
    where
        instrument = 'csat'
        and is_answered
        and is_in_scope

),

bands as (

    select
        1 as band,
        'not on hold' as hold,
        0 as up_to_seconds
    union all
    select
        2 as band,
        'up to 30 s' as hold,
        30 as up_to_seconds
    union all
    select
        3 as band,
        'up to 60 s' as hold,
        60 as up_to_seconds
    union all
    select
        4 as band,
        'up to 120 s' as hold,
        120 as up_to_seconds
    union all
    select
        5 as band,
        'longer' as hold,
        null as up_to_seconds

),

asked as (

    select
        {{ add_days('max(arrived_date)', 1 - 7 * var('weeks', 12) | int) }} as first_day,
        max(arrived_date) as last_day
    from contacts

),

surveyed as (

    select
        surveys.response_id,
        contacts.contact_type,
        contacts.channel,
        contacts.hold_seconds,
        contacts.handle_seconds,
        case when surveys.is_top_box then 1 else 0 end as top_box,
        min(bands.band) as band
    from surveys
    inner join contacts
        on surveys.contact_id = contacts.contact_id
    cross join asked
    inner join bands
        on contacts.hold_seconds <= coalesce(bands.up_to_seconds, contacts.hold_seconds)
    where contacts.arrived_date between asked.first_day and asked.last_day
    group by
        surveys.response_id,
        contacts.contact_type,
        contacts.channel,
        contacts.hold_seconds,
        contacts.handle_seconds,
        surveys.is_top_box

),

alike as (

    select
        contact_type,
        channel,
        {{ ratio('sum(top_box)', 'count(*)') }} as expected_rate
    from surveyed
    group by contact_type, channel

),

by_band as (

    select
        surveyed.band,
        count(*) as answers_count,
        sum(surveyed.top_box) as top_box_count,
        sum(alike.expected_rate) as expected_count,
        sum(alike.expected_rate * (1 - alike.expected_rate)) as variance,
        {{ ratio('sum(surveyed.hold_seconds)', 'count(*)') }} as hold_seconds,
        {{ ratio('sum(surveyed.handle_seconds)', 'count(surveyed.handle_seconds)') }} as handle_time_seconds
    from surveyed
    inner join alike
        on
            surveyed.contact_type = alike.contact_type
            and surveyed.channel = alike.channel
    group by surveyed.band

),

answered as (

    select
        by_band.band,
        bands.hold,
        by_band.answers_count,
        by_band.top_box_count,
        {{ ratio('by_band.top_box_count', 'by_band.answers_count') }} as csat_rate,
        {{ ratio('by_band.expected_count', 'by_band.answers_count') }} as expected_rate,
        {{ ratio('by_band.top_box_count - by_band.expected_count', 'by_band.answers_count') }}
            as difference_points,
        {{ ratio('sqrt(by_band.variance)', 'by_band.answers_count') }} as standard_error_points,
        by_band.hold_seconds,
        by_band.handle_time_seconds
    from by_band
    inner join bands
        on by_band.band = bands.band

)

select * from answered
order by band asc nulls last
