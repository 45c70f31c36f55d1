-- The core figures from a table `contacts` (those of floor.sql), in SQL that DuckDB and PostgreSQL both read.

create table flagged as
with

coverage as (
    select client, min(arrived) as covered_from from contacts group by client
),

neighboured as (
    select
        contact_id, client, contact_type, arrived, repeat_window_seconds,
        lag(arrived) over customers as previous_any,
        lead(arrived) over customers as next_any,
        lag(arrived) over matters as previous_same,
        lead(arrived) over matters as next_same,
        max(case when contact_type = 'unclassified' then arrived end) over (
            partition by customer, client order by arrived, contact_id rows between unbounded preceding and current row
        ) as previous_unclassified,
        min(case when contact_type = 'unclassified' then arrived end) over (
            partition by customer, client order by arrived, contact_id rows between current row and unbounded following
        ) as next_unclassified
    from contacts
    where customer is not null
    window
        customers as (partition by customer, client order by arrived, contact_id),
        matters as (partition by customer, client, contact_type order by arrived, contact_id)
),

matched as (
    select
        neighboured.contact_id,
        arrived - covered_from >= repeat_window_seconds as is_covered,
        coalesce(
            arrived - case
                when contact_type = 'unclassified' then previous_any else greatest(previous_same, previous_unclassified)
            end <= repeat_window_seconds,
            false
        ) as is_repeat,
        coalesce(
            case when contact_type = 'unclassified' then next_any else least(next_same, next_unclassified) end - arrived
            <= repeat_window_seconds,
            false
        ) as is_followed
    from neighboured
    inner join coverage on neighboured.client = coverage.client
)

select
    contacts.*,
    coalesce(is_covered, false) as is_repeat_known,
    coalesce(is_covered and is_repeat, false) as is_repeat,
    coalesce(is_covered and not is_repeat, false) as is_issue_opener,
    coalesce(
        is_covered and not is_repeat and not is_followed and outcome in ('answered', 'self_served')
        and is_resolved is distinct from false,
        false
    ) as is_resolved_first_contact,
    outcome in ('answered', 'abandoned', 'callback_requested', 'diverted') as is_offered,
    outcome = 'abandoned' and wait <= short_abandon_seconds as is_short_abandon,
    outcome = 'answered' and wait <= service_level_seconds as is_answered_in_target
from contacts
left join matched on contacts.contact_id = matched.contact_id;

create table daily as
select
    day, client, site, queue, channel, contact_type,
    count(*) as contacts_count,
    count(*) filter (where is_offered) as offered_count,
    count(*) filter (where outcome = 'answered') as answered_count,
    count(*) filter (where outcome = 'abandoned') as abandoned_count,
    count(*) filter (where is_short_abandon) as short_abandon_count,
    count(*) filter (where is_answered_in_target) as answered_in_target_count,
    coalesce(sum(wait) filter (where outcome = 'answered'), 0) as answered_wait_seconds,
    coalesce(sum(handle) filter (where outcome = 'answered'), 0) as handle_seconds,
    count(talk) filter (where outcome = 'answered') as talk_measured_count,
    count(*) filter (where is_repeat_known) as repeat_known_count,
    count(*) filter (where is_repeat) as repeat_count,
    count(*) filter (where is_issue_opener) as issues_count,
    count(*) filter (where is_resolved_first_contact) as resolved_first_contact_count
from flagged
group by day, client, site, queue, channel, contact_type;

create table intervals as
select
    interval_start, day, client, site, queue, channel,
    count(*) as offered_count,
    count(*) filter (where outcome = 'answered') as answered_count,
    count(*) filter (where outcome = 'abandoned') as abandoned_count,
    count(*) filter (where is_short_abandon) as short_abandon_count,
    count(*) filter (where is_answered_in_target) as answered_in_target_count,
    coalesce(sum(wait) filter (where outcome = 'answered'), 0) as answered_wait_seconds
from flagged
where is_offered
group by interval_start, day, client, site, queue, channel;

create table kpis as
select 'service_level' as kpi_id, day, client, site, queue, channel, contact_type,
    answered_in_target_count as numerator, offered_count - short_abandon_count as denominator
from daily
union all
select 'speed_of_answer', day, client, site, queue, channel, contact_type, answered_wait_seconds, answered_count from daily
union all
select 'abandonment_rate', day, client, site, queue, channel, contact_type,
    abandoned_count - short_abandon_count, offered_count - short_abandon_count
from daily
union all
select 'handle_time', day, client, site, queue, channel, contact_type, handle_seconds, talk_measured_count from daily
union all
select 'first_contact_resolution', day, client, site, queue, channel, contact_type,
    resolved_first_contact_count, issues_count
from daily
union all
select 'repeat_contact_rate', day, client, site, queue, channel, contact_type, repeat_count, repeat_known_count from daily;
