"""What the dashboard reads: every SQL statement that it puts to the published database, and how it opens it.

Nothing here defines a KPI: numerators and denominators come from the marts, are summed, then divided.
"""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from vitals.paths import Paths
from vitals.publish import Version, version_of
from vitals.scorecard import not_measured

Row = dict[str, Any]

ALL = "all"
LEVELS = ("analysts", "managers")
# Rows behind a figure that its CSV holds.
MOST_CSV_ROWS = 20_000

# What the filters let through. Agents' time has no client, queue or channel: it is gone where one is chosen.
_SLICE = """
    ($client = 'all' or client = $client)
    and ($site = 'all' or site = $site)
    and ($queue = 'all' or queue = $queue)
    and ($channel = 'all' or channel = $channel)
"""


def _of(alias: str) -> str:
    """The slice of a relation that is joined to others."""
    return re.sub(r"or (\w+) =", rf"or {alias}.\1 =", _SLICE)


# As marts.rpt_scorecard does it: a KPI of synchronous channels shows them alone, unless one is chosen, and a
# reported week or month counts in a period that whole ones make up.
_SHOWN = f"""
    figures as (

        select kpi_id, day, client, site, queue, channel, contact_type, numerator, denominator, is_final
        from marts.kpi_values
        where day between $first_day and $last_day
        union all
        select kpi_id, null as day, client, site, queue, channel, null as contact_type,
            numerator, denominator, is_final
        from marts.kpi_period_values
        where
            period_start_date >= $first_day and period_end_date <= $last_day
            and case period_end_date - period_start_date
                when 6 then
                    (period_start_date - cast($first_day as date)) % 7 = 0
                    and (cast($last_day as date) - period_end_date) % 7 = 0
                else period_start_date = $first_day and period_end_date = $last_day
            end

    ),

    shown as (

        select v.*
        from figures as v
        inner join marts.dim_kpi as k on v.kpi_id = k.kpi_id
        left join marts.dim_channel as c on v.channel = c.channel
        where
            (k.scorecard_channels = 'all' or c.is_synchronous or $channel <> 'all')
            and {_of("v")}

    )
"""
_RATIO = """
    cast(sum(numerator) as double) as numerator,
    cast(sum(denominator) as double) as denominator,
    cast(sum(numerator) as double) / nullif(cast(sum(denominator) as double), 0) as value,
    bool_and(is_final) as is_final
"""

# Every statement, by page; `shell` is what each page reads beside its own, `signs` what those with tiles do.
SQL: Mapping[str, Mapping[str, str]] = {
    "shell": {
        "clients": "select client as id, name from marts.dim_client order by name",
        "sites": "select site as id, name, sourcing from marts.dim_site order by name",
        "queues": "select queue as id, name, client, site from marts.dim_queue order by name",
        "channels": "select channel as id, name from marts.dim_channel order by name",
        "contact_types": "select contact_type as id, name from marts.dim_contact_type order by name",
        "kpis": "select * from marts.dim_kpi",
        "periods": """
            select distinct period, period_start_date, period_end_date
            from marts.rpt_scorecard
        """,
        "comments": """
            select schema_name || '.' || table_name as relation, '' as column_name, comment
            from duckdb_tables() where comment is not null
            union all
            select schema_name || '.' || table_name, column_name, comment
            from duckdb_columns() where comment is not null and schema_name in ('marts', 'quality')
        """,
    },
    "signs": {
        "slice": f"""
            with {_SHOWN}

            select kpi_id, {_RATIO}
            from shown
            where kpi_id not in ('channel_mix', 'contact_type_mix')
            group by kpi_id
        """,
    },
    "running_day": {
        "so_far": f"""
            select
                max(as_of) as as_of,
                max(day) as day,
                sum(contacts_count) as contacts_count,
                sum(offered_count) as offered_count,
                sum(answered_count) as answered_count,
                sum(abandoned_count) as abandoned_count,
                sum(waiting_count) as waiting_count,
                max(longest_wait_seconds) as longest_wait_seconds,
                sum(in_progress_count) as in_progress_count,
                sum(previous_day_contacts_count) as previous_day_contacts_count,
                sum(answered_in_target_count) as numerator,
                sum(service_level_base_count) as denominator,
                sum(answered_in_target_count) / nullif(cast(sum(service_level_base_count) as double), 0)
                    as service_level,
                sum(previous_day_answered_in_target_count)
                / nullif(cast(sum(previous_day_service_level_base_count) as double), 0)
                    as previous_day_service_level,
                -- as the scorecard shows it: where the customer waits, unless one channel is chosen
                sum(answered_wait_seconds) filter (where c.is_synchronous or $channel <> 'all')
                / nullif(
                    cast(
                        sum(wait_measured_count)
                        filter (where c.is_synchronous or $channel <> 'all') as double
                    ), 0
                ) as speed_of_answer
            from marts.rpt_realtime as r
            left join marts.dim_channel as c on r.channel = c.channel
            where {_of("r")}
        """,
        "quarters": f"""
            select
                interval_local_at,
                sum(contacts_count) as contacts_count,
                sum(previous_day_contacts_count) as previous_day_contacts_count
            from marts.rpt_realtime
            where not is_carried_over and {_SLICE}
            group by interval_local_at
            order by interval_local_at
        """,
        "hours": f"""
            select
                date_trunc('hour', interval_local_at) as hour_local_at,
                sum(answered_in_target_count) / nullif(cast(sum(service_level_base_count) as double), 0)
                    as service_level,
                sum(previous_day_answered_in_target_count)
                / nullif(cast(sum(previous_day_service_level_base_count) as double), 0)
                    as previous_day_service_level
            from marts.rpt_realtime
            where not is_carried_over and {_SLICE}
            group by 1
            order by 1
        """,
        "queues": f"""
            select
                queue,
                sum(contacts_count) as contacts_count,
                sum(waiting_count) as waiting_count,
                max(longest_wait_seconds) as longest_wait_seconds,
                sum(in_progress_count) as in_progress_count,
                sum(answered_in_target_count) / nullif(cast(sum(service_level_base_count) as double), 0)
                    as service_level
            from marts.rpt_realtime
            where {_SLICE}
            group by queue
            order by waiting_count desc, contacts_count desc, queue
        """,
        "channels": f"""
            select
                channel as member,
                sum(contacts_count) as numerator,
                sum(contacts_count) / nullif(cast(sum(sum(contacts_count)) over () as double), 0) as value
            from marts.rpt_realtime
            where not is_carried_over and {_SLICE}
            group by channel
            having sum(contacts_count) > 0
            order by numerator desc, member
        """,
        "contact_types": f"""
            select
                contact_type as member,
                coalesce(any_value(t.name), contact_type) as name,
                sum(contacts_count) as numerator,
                sum(contacts_count) / nullif(cast(sum(sum(contacts_count)) over () as double), 0) as value
            from marts.rpt_realtime
            left join marts.dim_contact_type as t using (contact_type)
            where not is_carried_over and {_SLICE}
            group by contact_type
            having sum(contacts_count) > 0
            order by numerator desc, member
        """,
        "agents": """
            select state, sum(agents_count) as agents_count, max(longest_seconds) as longest_seconds
            from marts.rpt_realtime_agents
            where $site = 'all' or site = $site
            group by state
            order by agents_count desc, state
        """,
        "targets": """
            select kpi_id, target, status, value from marts.rpt_scorecard
            where
                period = 'today' and client = $client and member = 'all'
                and kpi_id in ('service_level', 'speed_of_answer', 'abandonment_rate')
        """,
    },
    "mix_and_trends": {
        "daily": f"""
            with {_SHOWN}

            select kpi_id, day, {_RATIO}
            from shown
            where list_contains($kpis, kpi_id)
            group by kpi_id, day
            order by kpi_id, day
        """,
        "channels": f"""
            select day, channel as member, sum(contacts_count) as contacts_count
            from marts.agg_contacts_daily
            where day between $first_day and $last_day and {_SLICE}
            group by day, channel
            order by day, channel
        """,
        # of the contacts of the period before, the share that each had
        "contact_types": f"""
            with counted as (

                select
                    contact_type,
                    coalesce(sum(contacts_count) filter (where day >= $first_day), 0) as numerator,
                    coalesce(sum(contacts_count) filter (where day < $first_day), 0) as previous_numerator
                from marts.agg_contacts_daily
                where
                    day between $first_day - cast($last_day - $first_day + 1 as integer) and $last_day
                    and {_SLICE}
                group by contact_type

            )

            select
                contact_type as member,
                coalesce(t.name, contact_type) as name,
                numerator,
                previous_numerator,
                numerator / nullif(cast(sum(numerator) over () as double), 0) as value,
                previous_numerator / nullif(cast(sum(previous_numerator) over () as double), 0)
                    as previous_value
            from counted
            left join marts.dim_contact_type as t using (contact_type)
            where numerator > 0
            order by numerator desc, member
        """,
        "forecast": f"""
            select day, sum(expected_count) as expected_count
            from marts.rpt_volume_forecast
            where {_SLICE}
            group by day
            order by day
        """,
        "offered": f"""
            select day, sum(offered_count) as offered_count
            from marts.agg_contacts_daily
            where day between $first_day and $last_day and {_SLICE}
            group by day
            order by day
        """,
        "backtest": f"""
            select
                sum(day_error_count) / nullif(cast(sum(heldout_contacts_count) as double), 0) as day_wape,
                sum(naive_day_error_count) / nullif(cast(sum(heldout_contacts_count) as double), 0)
                    as naive_day_wape
            from marts.rpt_forecast_backtests
            where {_SLICE}
        """,
        "events": """
            select name, kind, client, first_day, last_day, value, baseline_value, change_share,
                extra_contacts, extra_cost_amount, is_final
            from marts.rpt_event_impacts
            where
                measure = 'contacts_per_day' and member = 'all' and comparison = 'compared'
                and ($client = 'all' or client = $client)
            order by first_day desc, name, client
        """,
    },
    "first_contact": {
        "daily": f"""
            select kpi_id, day, {_RATIO}
            from marts.kpi_values
            where
                day between $first_day and $last_day and {_SLICE}
                and list_contains($kpis, kpi_id)
            group by kpi_id, day
            order by kpi_id, day
        """,
        "causes": f"""
            with summed as (

                select contact_type, kpi_id, {_RATIO}
                from marts.kpi_values
                where
                    day between $first_day and $last_day and {_SLICE}
                    and kpi_id in ('first_contact_resolution', 'repeat_contact_rate', 'transfer_rate')
                group by contact_type, kpi_id

            )

            select
                contact_type as member,
                coalesce(any_value(t.name), contact_type) as name,
                max(denominator) filter (where kpi_id = 'repeat_contact_rate') as contacts_count,
                max(numerator) filter (where kpi_id = 'repeat_contact_rate') as repeats_count,
                max(value) filter (where kpi_id = 'repeat_contact_rate') as repeat_contact_rate,
                max(value) filter (where kpi_id = 'first_contact_resolution') as first_contact_resolution,
                max(value) filter (where kpi_id = 'transfer_rate') as transfer_rate
            from summed
            left join marts.dim_contact_type as t using (contact_type)
            group by contact_type
            having contacts_count > 0
            order by repeats_count desc, member
        """,
        "journeys": """
            select
                channel_path,
                count(*) as issues_count,
                sum(contacts_count) as contacts_count,
                sum(contacts_count) / cast(count(*) as double) as contacts_per_issue,
                sum(agents_count) / cast(count(*) as double) as agents_per_issue,
                sum(days_to_resolution) / nullif(cast(count(days_to_resolution) as double), 0)
                    as days_to_resolution,
                count(*) filter (where is_resolved_first_contact) / cast(count(*) as double)
                    as first_contact_resolution,
                sum(reporting_amount) / cast(count(*) as double) as cost_per_issue
            from marts.rpt_customer_journeys
            where
                day between $first_day and $last_day
                and ($client = 'all' or client = $client)
                and ($site = 'all' or site = $site)
            group by channel_path
            order by issues_count desc, channel_path
        """,
        "segments": """
            select
                frequency_segment,
                sum(customers_count) as customers_count,
                sum(contacts_count) as contacts_count,
                sum(contacts_count) / nullif(cast(sum(sum(contacts_count)) over () as double), 0)
                    as contacts_share,
                sum(repeat_count) as repeat_count,
                sum(csat_numerator) / nullif(cast(sum(csat_denominator) as double), 0) as csat,
                sum(reporting_amount) / nullif(cast(sum(customers_count) as double), 0) as cost_per_customer
            from marts.rpt_customer_segments
            where
                month = (select max(month) from marts.rpt_customer_segments where month <= $last_day)
                and ($client = 'all' or client = $client)
            group by frequency_segment
            order by contacts_count desc
        """,
    },
    "costs": {
        "by_site": f"""
            select site as member, {_RATIO}
            from marts.kpi_values
            where kpi_id = 'cost_per_contact' and day between $first_day and $last_day and {_SLICE}
            group by site
            order by numerator desc, member
        """,
        "by_channel": f"""
            select channel as member, {_RATIO}
            from marts.kpi_values
            where kpi_id = 'cost_per_contact' and day between $first_day and $last_day and {_SLICE}
            group by channel
            order by numerator desc, member
        """,
        "by_contact_type": f"""
            select contact_type as member, coalesce(any_value(t.name), contact_type) as name, {_RATIO}
            from marts.kpi_values
            left join marts.dim_contact_type as t using (contact_type)
            where kpi_id = 'cost_per_contact' and day between $first_day and $last_day and {_SLICE}
            group by contact_type
            order by numerator desc, member
        """,
        "sites": """
            select * from marts.rpt_site_costs
            where ($site = 'all' or site = $site) and reporting_amount > 0
            order by month desc, reporting_amount desc, site
        """,
        "opportunities": """
            select
                o.*,
                coalesce(t.name, o.contact_type) as name
            from marts.rpt_self_service_opportunities as o
            left join marts.dim_contact_type as t using (contact_type)
            where $client = 'all' or client = $client
            order by saving_rank
        """,
    },
    "agents": {
        # agents are averaged over the days of the period, quarter of an hour by quarter of an hour
        "day_curve": """
            with days as (

                select count(distinct day) as days_count
                from marts.rpt_staffing_intervals
                where day between $first_day and $last_day and ($site = 'all' or site = $site)

            )

            select
                local_time,
                sum(needed_agents) / any_value(days_count) as needed_agents,
                sum(staffed_agents) / any_value(days_count) as staffed_agents
            from marts.rpt_staffing_intervals
            cross join days
            where day between $first_day and $last_day and ($site = 'all' or site = $site)
            group by local_time
            order by local_time
        """,
        "sites": """
            select
                site,
                sum(needed_agents) / 4 as needed_hours,
                sum(staffed_agents) / 4 as staffed_hours,
                sum(gap_agents) / 4 as gap_hours,
                count(*) filter (where status = 'understaffed') as understaffed_count,
                count(*) filter (where status = 'overstaffed') as overstaffed_count,
                count(*) filter (where status = 'understaffed') / cast(count(*) as double)
                    as understaffed_share,
                count(*) filter (where status = 'overstaffed') / cast(count(*) as double)
                    as overstaffed_share,
                count(*) as intervals_count,
                sum(gap_cost_amount) filter (where gap_cost_amount > 0) as paid_beyond_need_amount,
                sum(answered_in_target_count) / nullif(cast(sum(service_level_base_count) as double), 0)
                    as service_level
            from marts.rpt_staffing_intervals
            where day between $first_day and $last_day and ($site = 'all' or site = $site)
            group by site
            order by gap_hours, site
        """,
        "short_hours": """
            select
                site,
                isodow(day) as weekday,
                substr(local_time, 1, 2) || ':00' as hour,
                sum(needed_agents) / 4 as needed_hours,
                sum(staffed_agents) / 4 as staffed_hours,
                sum(gap_agents) / 4 as gap_hours,
                count(*) filter (where status = 'understaffed') / cast(count(*) as double)
                    as understaffed_share,
                sum(answered_in_target_count) / nullif(cast(sum(service_level_base_count) as double), 0)
                    as service_level
            from marts.rpt_staffing_intervals
            where day between $first_day and $last_day and ($site = 'all' or site = $site)
            group by site, weekday, hour
            having sum(gap_agents) < 0
            order by gap_hours, site, weekday, hour
        """,
        "coaching": """
            select * from marts.rpt_agent_coaching
            where kpi_id = $kpi and ($site = 'all' or site = $site)
            order by
                case verdict when 'worse' then 1 when 'as_expected' then 2 when 'better' then 3 else 4 end,
                abs(difference) desc nulls last,
                agent_id
        """,
    },
    "sla_report": {
        "months": "select distinct month from marts.rpt_sla_report order by month desc",
        "promises": """
            select * from marts.rpt_sla_report
            where month = $month and ($client = 'all' or client = $client)
            order by client, service_type <> 'all', service_type, kpi_id, period_start_date
        """,
    },
    "data_quality": {
        "freshness": "select * from quality.rpt_quality_freshness order by platform, stream",
        "alerts": "select * from quality.rpt_quality_alerts order by kind, platform, stream",
        "quarantine": """
            select
                platform, stream, stage, reason,
                count(*) as rows_count,
                count(*) filter (where not is_corrected) as uncorrected_count,
                max(landed_at) as last_landed_at,
                min(source_file || ':' || source_row) as example
            from quality.rpt_quality_quarantine
            group by platform, stream, stage, reason
            order by uncorrected_count desc, platform, stream, reason
        """,
        "files": """
            select
                count(*) as files_count,
                count(*) filter (where status = 'refused') as refused_count,
                sum(rows_read_count) as rows_read_count,
                sum(landing_quarantined_count + staging_quarantined_count) as quarantined_count,
                sum(unaccounted_count) as unaccounted_count
            from quality.rpt_quality_landing
        """,
        "refused": """
            select platform, stream, source_file, reason, landed_at
            from quality.rpt_quality_landing
            where status = 'refused'
            order by landed_at desc, source_file
        """,
        "restatements": """
            select
                restated_at, kpi_id, reason,
                count(*) as figures_count,
                min(day) as first_day,
                max(day) as last_day
            from quality.rpt_quality_restatements
            group by restated_at, kpi_id, reason
            order by restated_at desc, kpi_id
        """,
        "unmapped": """
            select * from quality.rpt_quality_unmapped order by rows_count desc, platform, field
        """,
        "runs": "select * from quality.rpt_quality_runs order by started_at desc limit 20",
    },
    "figure": {
        "total": f"""
            with {_SHOWN}

            select {_RATIO}
            from shown
            where kpi_id = $kpi
        """,
        "daily": f"""
            with {_SHOWN}

            select day, {_RATIO}
            from shown
            where kpi_id = $kpi and day is not null
            group by day
            order by day
        """,
        **{
            f"by_{dimension}": f"""
                with {_SHOWN}

                select {dimension} as member, {_RATIO}
                from shown
                where kpi_id = $kpi
                group by {dimension}
                order by denominator desc, member
            """
            for dimension in ("client", "site", "queue", "channel", "contact_type")
        },
        "variants": f"""
            select variant, {_RATIO}
            from marts.kpi_service_level_variants
            where day between $first_day and $last_day and {_SLICE}
            group by variant
            order by variant
        """,
        "scorecard": """
            select * from marts.rpt_scorecard
            where period = $period and client = $client and kpi_id = $kpi and member = 'all'
        """,
    },
}

# Where the rows behind a figure stand: the source, which of its rows make the denominator, what each adds to
# the numerator. The conditions are those of the aggregates; a test adds the rows up and compares.
_CONTACT = ("contact_id", "arrived_local_at", "client", "site", "queue", "channel", "contact_type", "outcome")


@dataclass(frozen=True)
class Source:
    """The rows behind a KPI: relation, its day, the columns to show, the condition and what a row adds."""

    relation: str
    day: str
    columns: tuple[str, ...]
    counts: str
    numerator: str
    denominator: str = "1"


def _contacts(counts: str, numerator: str, *columns: str) -> Source:
    return Source(
        "marts.fct_contacts", "arrived_date", (*_CONTACT, *columns), f"is_in_scope and {counts}", numerator
    )


def _flag(condition: str) -> str:
    return f"case when {condition} then 1 else 0 end"


def _answers(instrument: str, numerator: str) -> Source:
    return Source(
        "marts.fct_survey_responses",
        "reported_date",
        (
            "response_id",
            "contact_id",
            "responded_at",
            "client",
            "site",
            "queue",
            "channel",
            "contact_type",
            "score",
            "scale_min",
            "scale_max",
        ),
        f"is_in_scope and is_answered and instrument = '{instrument}'",
        numerator,
    )


def _agents(numerator: str, denominator: str, condition: str = "true") -> Source:
    return Source(
        "marts.agg_agents_daily", "day", ("agent_id", "day", "site"), condition, numerator, denominator
    )


_QUEUED = "is_offered and not is_short_abandon"
SOURCES: Mapping[str, Source] = {
    "service_level": _contacts(_QUEUED, _flag("is_answered and is_left_in_target"), "wait_seconds"),
    "abandonment_rate": _contacts(_QUEUED, _flag("is_abandoned"), "wait_seconds"),
    "speed_of_answer": _contacts("is_answered", "wait_seconds"),
    "handle_time": _contacts("is_answered and talk_seconds is not null", "handle_seconds"),
    "talk_time": _contacts("is_answered and talk_seconds is not null", "talk_seconds"),
    "hold_time": _contacts("is_answered and hold_seconds is not null", "hold_seconds"),
    "after_contact_work": _contacts("is_answered and acw_seconds is not null", "acw_seconds"),
    "transfer_rate": _contacts("is_answered", _flag("transfers_count >= 1"), "transfers_count"),
    "retelling_rate": _contacts("is_answered", _flag("agents_count >= 2"), "agents_count"),
    "first_contact_resolution": _contacts(
        "is_issue_opener", _flag("is_resolved_first_contact"), "next_on_matter_at"
    ),
    "repeat_contact_rate": _contacts("is_repeat_known", _flag("is_repeat"), "previous_on_matter_at"),
    "resolution_rate": _contacts("is_answered and is_resolved is not null", _flag("is_resolved")),
    "self_service_containment": _contacts("is_containment_known", _flag("is_contained")),
    "sentiment": _contacts("sentiment is not null", "sentiment"),
    "csat": _answers("csat", _flag("is_top_box")),
    "csat_mean": _answers("csat", "percent_score"),
    "ces": _answers("ces", "seven_point_score"),
    "nps": _answers("nps", "100 * (cast(is_promoter as integer) - cast(is_detractor as integer))"),
    "survey_response_rate": Source(
        "marts.fct_survey_responses",
        "reported_date",
        ("response_id", "contact_id", "instrument", "sent_at", "client", "site", "queue", "channel"),
        "is_in_scope and instrument <> 'esat'",
        _flag("is_answered"),
    ),
    "quality_score": Source(
        "marts.fct_quality_evaluations",
        "reported_date",
        ("evaluation_id", "contact_id", "client", "site", "queue", "channel", "category", "item"),
        "is_in_scope",
        "counted_points_earned",
        "counted_points_possible",
    ),
    "script_use": Source(
        "marts.fct_quality_evaluations",
        "reported_date",
        ("evaluation_id", "contact_id", "client", "site", "queue", "channel", "category", "item"),
        "is_in_scope and is_script and not is_not_applicable",
        _flag("is_met"),
    ),
    "occupancy": _agents("on_contact_seconds", "productive_seconds"),
    "agent_utilisation": _agents("on_contact_paid_seconds", "paid_seconds", "has_states and has_schedule"),
    "schedule_adherence": _agents("adherent_seconds", "scheduled_seconds", "has_states and has_schedule"),
    "conformance": _agents(
        "productive_seconds", "scheduled_productive_seconds", "has_states and has_schedule"
    ),
    "contacts_per_hour": _agents(
        "case when has_states then contacts_handled_count else 0 end", "productive_seconds / 3600"
    ),
    "time_to_next_contact": _agents("gap_seconds", "gaps_count"),
    "cost_per_contact": Source(
        "marts.fct_contact_costs",
        "arrived_date",
        ("contact_id", "arrived_date", "client", "site", "queue", "channel", "contact_type"),
        "true",
        "reporting_amount",
    ),
}


def behind(kpi_id: str, better: str, synchronous_only: bool) -> str:
    """The SQL of the rows behind a KPI: those that speak against it first.

    Args:
        kpi_id: one of SOURCES.
        better: which way is better, as in the catalogue.
        synchronous_only: leave out the channels on which nobody waits for the answer, as the figure does.
    """
    source = SOURCES[kpi_id]
    return f"""
        select
            {", ".join(source.columns)},
            cast({source.numerator} as double) as numerator,
            cast({source.denominator} as double) as denominator,
            count(*) over () as rows_count
        from {source.relation}
        where {_counted(source, synchronous_only)}
        order by numerator {"asc" if better == "up" else "desc"} nulls last, {source.columns[0]}
        limit $most
    """


def by_hour(kpi_id: str, synchronous_only: bool) -> str:
    """The SQL of the rows behind a KPI, summed by the hour of arrival on the site's clock.

    Args:
        kpi_id: one of SOURCES whose rows are contacts.
        synchronous_only: as for `behind`.
    """
    source = SOURCES[kpi_id]
    return f"""
        select
            strftime(arrived_local_at, '%H:00') as member,
            cast(sum({source.numerator}) as double) as numerator,
            cast(sum({source.denominator}) as double) as denominator,
            cast(sum({source.numerator}) as double)
            / nullif(cast(sum({source.denominator}) as double), 0) as value
        from {source.relation}
        where {_counted(source, synchronous_only)}
        group by member
        order by member
    """


def _counted(source: Source, synchronous_only: bool) -> str:
    """Which rows of a source the figure of the slice is made of."""
    dimensions = "site" if source.relation == "marts.agg_agents_daily" else "client, site, queue, channel"
    conditions = " and ".join(f"(${one} = 'all' or {one} = ${one})" for one in dimensions.split(", "))
    if synchronous_only:
        conditions += " and channel in (select channel from marts.dim_channel where is_synchronous)"
    return f"{source.day} between $first_day and $last_day and {conditions} and {source.counts}"


class UnreadableError(Exception):
    """The published database cannot be shown.

    Args:
        reason: key of the catalogue of texts, `error.<reason>`.
        command: what to run.
        detail: the file, table or cause that the text names.
    """

    def __init__(self, reason: str, command: str, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.command = command
        self.detail = detail


@dataclass(frozen=True)
class View:
    """What the filters ask for."""

    period: str
    first_day: date
    last_day: date
    client: str = ALL
    site: str = ALL
    queue: str = ALL
    channel: str = ALL

    @property
    def trend(self) -> View:
        """The same over four weeks at least, so that a trend is seen."""
        return replace(self, first_day=min(self.first_day, self.last_day - timedelta(days=27)))

    @property
    def before(self) -> View:
        """The same over as many days before."""
        days = self.last_day - self.first_day + timedelta(days=1)
        return replace(self, first_day=self.first_day - days, last_day=self.last_day - days)

    @property
    def is_slice(self) -> bool:
        """Whether it is narrower than a client: no scorecard is made for it."""
        return (self.site, self.queue, self.channel) != (ALL, ALL, ALL)


class Reader:
    """One connection to one published version."""

    def __init__(self, file: Path, level: str, connection: duckdb.DuckDBPyConnection) -> None:
        self.file = file
        self.level = level
        self.connection = connection
        self.held = {
            f"{schema}.{table}"
            for schema, table in connection.execute(
                "select schema_name, table_name from duckdb_tables()"
            ).fetchall()
        }

    @property
    def version(self) -> Version:
        """Which build the file holds."""
        version = version_of(self.connection) if "quality.published_version" in self.held else None
        if version is None:
            raise UnreadableError("lacks_table", "vitals run", "quality.published_version")
        return version

    def holds(self, *tables: str) -> bool:
        """Whether the file, at its level, has these tables."""
        return self.held.issuperset(tables)

    def not_measured(self, view: View) -> frozenset[str]:
        """The KPIs whose numerator of 0 only says that nothing was measured; see vitals.scorecard."""
        return not_measured(
            self.connection, view.first_day, view.last_day, view.client, view.site, view.queue, view.channel
        )

    def put(self, page: str, query: str, view: View | None = None, **values: Any) -> list[Row]:
        """The rows of a statement of SQL, figures as float."""
        return self.rows(SQL[page][query], view, **values)

    def rows(self, sql: str, view: View | None = None, **values: Any) -> list[Row]:
        """The rows of any statement; parameters come from the view and by name."""
        known = {**(vars(view) if view else {}), **values}
        named = {name: known[name] for name in set(re.findall(r"\$([a-z_]+)", sql))}
        found = self.connection.execute(sql, named)
        columns = [one[0] for one in found.description]
        return [dict(zip(columns, map(_plain, row), strict=True)) for row in found.fetchall()]


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else value


# A second handle on the same path would share the first one's file, also when another stands there by now.
_ONE_AT_A_TIME = threading.Lock()


def published_file(paths: Paths, level: str | None = None) -> tuple[Path, str]:
    """The file to show and its level: the named one, else the fullest that this user may read.

    Raises:
        UnreadableError: nothing is published, or this user may read none of it.
    """
    files = [(paths.published_for(one), one) for one in ((level,) if level else LEVELS)]
    existing = [(file, one) for file, one in files if file.exists()]
    if not existing:
        raise UnreadableError("nothing_published", "vitals run", str(files[0][0]))
    for file, one in existing:
        if os.access(file, os.R_OK):
            return file, one
    raise UnreadableError("not_permitted", "ls -l " + str(existing[-1][0].parent), str(existing[-1][0]))


def state(paths: Paths) -> tuple[tuple[int, int, int] | None, ...]:
    """What tells one publication from the next, without opening it."""
    found: list[tuple[int, int, int] | None] = []
    for level in LEVELS:
        try:
            held = paths.published_for(level).stat()
        except OSError:
            found.append(None)
        else:
            found.append((held.st_ino, held.st_mtime_ns, held.st_mode))
    return tuple(found)


@contextmanager
def reading(paths: Paths, level: str | None = None) -> Iterator[Reader]:
    """Open the published database for as long as a page reads, and turn what fails into words.

    Raises:
        UnreadableError: it is missing, damaged, from another version, or not this user's to read.
    """
    file, found = published_file(paths, level)
    with _ONE_AT_A_TIME:
        try:
            with duckdb.connect(
                str(file),
                read_only=True,
                config={"enable_external_access": "false", "lock_configuration": "true"},
            ) as connection:
                yield Reader(file, found, connection)
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            raise UnreadableError("lacks_table", "vitals run", _first_line(error)) from error
        except duckdb.Error as error:
            raise UnreadableError("damaged", "vitals doctor", _first_line(error)) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def names(rows: Sequence[Row]) -> dict[str, str]:
    """Slug → name, of a dimension."""
    return {row["id"]: row["name"] for row in rows}
