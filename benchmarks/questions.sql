-- What a dashboard asks: `mart` of the published marts, `raw` the same of contacts alone. {day} is the newest whole day.

-- name: service level by day, 4 weeks
-- mart
select day, sum(numerator) / nullif(sum(denominator), 0) as value from marts.kpi_values
where kpi_id = 'service_level' and day > date '{day}' - 28 group by day order by day;
-- raw
select arrived_date as day, count(*) filter (where is_answered and is_left_in_target)
    / nullif(count(*) filter (where is_offered) - count(*) filter (where is_short_abandon), 0) as value
from marts.fct_contacts where is_in_scope and arrived_date > date '{day}' - 28 group by arrived_date order by arrived_date;

-- name: a day by 15 minutes and queue
-- mart
select interval_start_at, queue, sum(offered_count), sum(answered_in_target_count) from marts.agg_queue_intervals
where day = date '{day}' group by interval_start_at, queue order by interval_start_at, queue;
-- raw
select interval_start_at, queue, count(*), count(*) filter (where is_answered and is_left_in_target) from marts.fct_contacts
where is_in_scope and is_offered and arrived_date = date '{day}'
group by interval_start_at, queue order by interval_start_at, queue;

-- name: abandonment by queue, a week
-- mart
select queue, sum(numerator) / nullif(sum(denominator), 0) as value from marts.kpi_values
where kpi_id = 'abandonment_rate' and day > date '{day}' - 7 group by queue order by queue;
-- raw
select queue, (count(*) filter (where is_abandoned) - count(*) filter (where is_short_abandon))
    / nullif(count(*) filter (where is_offered) - count(*) filter (where is_short_abandon), 0) as value
from marts.fct_contacts where is_in_scope and arrived_date > date '{day}' - 7 group by queue order by queue;

-- name: speed of answer by channel and month, a year
-- mart
select date_trunc('month', day) as month, channel, sum(numerator) / nullif(sum(denominator), 0) as value
from marts.kpi_values where kpi_id = 'speed_of_answer' group by month, channel order by month, channel;
-- raw
select date_trunc('month', arrived_date) as month, channel,
    coalesce(sum(wait_seconds) filter (where is_answered), 0) / nullif(count(*) filter (where is_answered), 0) as value
from marts.fct_contacts where is_in_scope group by month, channel order by month, channel;

-- name: handle time by week and queue, a year
-- mart
select date_trunc('week', day) as week, queue, sum(numerator) / nullif(sum(denominator), 0) as value
from marts.kpi_values where kpi_id = 'handle_time' group by week, queue order by week, queue;
-- raw
select date_trunc('week', arrived_date) as week, queue, coalesce(sum(handle_seconds) filter (where is_answered), 0)
    / nullif(count(*) filter (where is_answered and talk_seconds is not null), 0) as value
from marts.fct_contacts where is_in_scope group by week, queue order by week, queue;

-- name: first-contact resolution by client and month, a year
-- mart
select date_trunc('month', day) as month, client, sum(numerator) / nullif(sum(denominator), 0) as value
from marts.kpi_values where kpi_id = 'first_contact_resolution' group by month, client order by month, client;
-- raw
select date_trunc('month', arrived_date) as month, client,
    count(*) filter (where is_resolved_first_contact) / nullif(count(*) filter (where is_issue_opener), 0) as value
from marts.fct_contacts where is_in_scope group by month, client order by month, client;

-- name: repeats by contact type, 4 weeks
-- mart
select contact_type, sum(numerator) / nullif(sum(denominator), 0) as value from marts.kpi_values
where kpi_id = 'repeat_contact_rate' and day > date '{day}' - 28 group by contact_type order by contact_type;
-- raw
select contact_type, count(*) filter (where is_repeat) / nullif(count(*) filter (where is_repeat_known), 0) as value
from marts.fct_contacts where is_in_scope and arrived_date > date '{day}' - 28 group by contact_type order by contact_type;

-- name: channel mix by month, a year
-- mart
select date_trunc('month', day) as month, channel, sum(contacts_count) from marts.agg_contacts_daily
group by month, channel order by month, channel;
-- raw
select date_trunc('month', arrived_date) as month, channel, count(*) from marts.fct_contacts
where is_in_scope group by month, channel order by month, channel;

-- name: offered by weekday and hour, 8 weeks
-- mart
select isodow(interval_start_at) as weekday, hour(interval_start_at) as hour, sum(offered_count)
from marts.agg_queue_intervals where day > date '{day}' - 56 group by weekday, hour order by weekday, hour;
-- raw
select isodow(interval_start_at) as weekday, hour(interval_start_at) as hour, count(*) from marts.fct_contacts
where is_in_scope and is_offered and arrived_date > date '{day}' - 56 group by weekday, hour order by weekday, hour;

-- name: top contact types, 4 weeks
-- mart
select contact_type, sum(contacts_count) as contacts from marts.agg_contacts_daily
where day > date '{day}' - 28 group by contact_type order by contacts desc, contact_type limit 10;
-- raw
select contact_type, count(*) as contacts from marts.fct_contacts
where is_in_scope and arrived_date > date '{day}' - 28 group by contact_type order by contacts desc, contact_type limit 10;

-- name: six KPIs of one queue, 4 weeks
-- mart
select kpi_id, day, sum(numerator), sum(denominator) from marts.kpi_values
where queue = 'aurora_billing' and day > date '{day}' - 28 and kpi_id in ('service_level', 'speed_of_answer',
    'abandonment_rate', 'handle_time', 'first_contact_resolution', 'repeat_contact_rate')
group by kpi_id, day order by kpi_id, day;
-- raw
with contacts as (
    select * from marts.fct_contacts
    where is_in_scope and queue = 'aurora_billing' and arrived_date > date '{day}' - 28
),
days as (
    select
        arrived_date as day,
        count(*) filter (where is_answered and is_left_in_target) as in_target,
        count(*) filter (where is_offered) - count(*) filter (where is_short_abandon) as offered,
        count(*) filter (where is_abandoned) - count(*) filter (where is_short_abandon) as abandoned,
        coalesce(sum(wait_seconds) filter (where is_answered), 0) as waited,
        count(*) filter (where is_answered) as answered,
        coalesce(sum(handle_seconds) filter (where is_answered), 0) as handled,
        count(*) filter (where is_answered and talk_seconds is not null) as measured,
        count(*) filter (where is_resolved_first_contact) as resolved,
        count(*) filter (where is_issue_opener) as issues,
        count(*) filter (where is_repeat) as repeats,
        count(*) filter (where is_repeat_known) as known
    from contacts group by arrived_date
)
select 'service_level' as kpi_id, day, in_target, offered from days
union all select 'speed_of_answer', day, waited, answered from days
union all select 'abandonment_rate', day, abandoned, offered from days
union all select 'handle_time', day, handled, measured from days
union all select 'first_contact_resolution', day, resolved, issues from days
union all select 'repeat_contact_rate', day, repeats, known from days
order by kpi_id, day;

-- name: service level by site, this month against the last
-- mart
select site, date_trunc('month', day) as month, sum(numerator) / nullif(sum(denominator), 0) as value
from marts.kpi_values
where kpi_id = 'service_level' and day >= date_trunc('month', date '{day}') - interval 1 month
group by site, month order by site, month;
-- raw
select site, date_trunc('month', arrived_date) as month, count(*) filter (where is_answered and is_left_in_target)
    / nullif(count(*) filter (where is_offered) - count(*) filter (where is_short_abandon), 0) as value
from marts.fct_contacts
where is_in_scope and arrived_date >= date_trunc('month', date '{day}') - interval 1 month
group by site, month order by site, month;
