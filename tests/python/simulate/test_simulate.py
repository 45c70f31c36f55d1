"""The simulator: same seed same bytes, every trap occurs, exports parse, and the truth adds up."""

import csv
import gzip
import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import pytest

from vitals.errors import VitalsError
from vitals.simulate import SimulationReport, simulate

SEEDS = Path(__file__).parents[3] / "seeds"
RATES = (
    "service_level",
    "abandonment_rate",
    "transfer_rate",
    "retelling_rate",
    "first_contact_resolution",
    "repeat_contact_rate",
    "resolution_rate",
    "self_service_containment",
    "csat",
    "esat",
    "survey_response_rate",
    "quality_score",
    "script_use",
    "channel_mix",
    "contact_type_mix",
    "sla_attainment",
)
AGENT_RATES = ("agent_utilisation", "occupancy", "schedule_adherence")

# What is no rate lies on a scale.
SCALES: dict[str, tuple[float, float]] = {
    "sentiment": (-1, 1),
    "csat_mean": (0, 100),
    "ces": (1, 7),
    "nps": (-100, 100),
    "call_performance_index": (0, 100),
}


class Run(NamedTuple):
    out: Path
    truth: Path
    report: SimulationReport


def run(folder: Path, **arguments: Any) -> Run:
    out, truth = folder / "landing", folder / "truth"
    return Run(out, truth, simulate(out, truth, SEEDS, **arguments))


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Fourteen days over the autumn change of the European sites and of Montreal."""
    folder = tmp_path_factory.mktemp("centre")
    return run(folder, contacts=3000, days=14, seed=7, start=date(2026, 10, 20))


@pytest.fixture(scope="module")
def contacts(centre: Run) -> list[dict[str, str]]:
    return table(centre.truth / "contacts.csv")


@pytest.fixture(scope="module")
def in_scope(contacts: list[dict[str, str]]) -> list[dict[str, str]]:
    return [row for row in contacts if row["direction"] == "inbound" and row["is_test"] == "false"]


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def texts(folder: Path) -> Iterator[tuple[Path, str]]:
    for path in sorted(folder.iterdir()):
        content = path.read_bytes()
        yield path, (gzip.decompress(content) if path.suffix == ".gz" else content).decode()


def objects(run: Run, stream: str) -> list[dict[str, Any]]:
    """The JSON objects of a stream that can be read."""
    found: list[dict[str, Any]] = []
    for path, text in texts(run.out / stream):
        if path.suffix == ".json" and text.startswith('{"' + records_key(stream) + '":['):
            found += json.loads(text)[records_key(stream)]
        elif path.suffix == ".json":
            found += concatenated(text)
        else:
            found += [json.loads(line) for line in text.splitlines() if is_json(line)]
    return found


def records_key(stream: str) -> str:
    name = stream.partition("/")[2]
    return {"ticket_comments": "comments", "talk_calls": "calls", "talk_call_legs": "legs"}.get(name, name)


def concatenated(text: str) -> list[dict[str, Any]]:
    decoder, position, found = json.JSONDecoder(), 0, []
    while position < len(text):
        value, position = decoder.raw_decode(text, position)
        found.append(value)
    return found


def is_json(line: str) -> bool:
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return False
    return True


def queue_log(run: Run) -> list[list[str]]:
    return [
        line.split("|") for _, text in texts(run.out / "asterisk/queue_log") for line in text.splitlines()
    ]


def digest(folder: Path) -> str:
    hashed = hashlib.sha256()
    for path in sorted(each for each in folder.rglob("*") if each.is_file()):
        hashed.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    first, again, other = (
        run(tmp_path / name, contacts=400, days=5, seed=seed) for name, seed in (("a", 3), ("b", 3), ("c", 4))
    )
    assert digest(tmp_path / "a") == digest(tmp_path / "b")
    assert first.report == again.report
    assert digest(tmp_path / "a") != digest(tmp_path / "c")
    assert first.report != other.report


def test_the_number_of_contacts_is_about_the_asked_one(centre: Run) -> None:
    assert centre.report.in_scope == pytest.approx(3000, rel=0.08)


def test_what_is_offered_is_answered_abandoned_called_back_diverted_or_open(
    in_scope: list[dict[str, str]],
) -> None:
    offered = [row for row in in_scope if row["queue"] != "no_queue"]
    assert {row["outcome"] for row in offered} == {
        "answered", "abandoned", "callback_requested", "diverted", "open"
    }  # fmt: skip
    unqueued = {row["outcome"] for row in in_scope if row["queue"] == "no_queue"}
    assert unqueued == {"self_served", "abandoned_before_queue"}


def test_service_level_denominators_are_the_offered_without_short_abandons(
    centre: Run, in_scope: list[dict[str, str]]
) -> None:
    counted = [
        row
        for row in in_scope
        if row["queue"] != "no_queue"
        and not (
            row["outcome"] == "abandoned" and int(row["wait_seconds"]) <= int(row["short_abandon_seconds"])
        )
    ]
    rows = [row for row in table(centre.truth / "kpi_values.csv") if row["kpi_id"] == "service_level"]
    assert sum(int(row["denominator"]) for row in rows) == len(counted)
    variants = table(centre.truth / "service_level_variants.csv")
    default = [row for row in variants if row["variant"] == "short_abandons_excluded"]
    assert sum(int(row["base"]) for row in default) == len(counted)
    assert sum(int(row["met"]) for row in default) == sum(int(row["numerator"]) for row in rows)


def test_no_rate_is_above_one_and_every_kpi_has_rows(centre: Run) -> None:
    rows = table(centre.truth / "kpi_values.csv")
    assert {row["kpi_id"] for row in rows} == {
        *RATES, *AGENT_RATES, *SCALES, "speed_of_answer", "handle_time", "talk_time", "hold_time",
        "after_contact_work", "conformance", "contacts_per_hour", "time_to_next_contact",
    }  # fmt: skip
    for row in rows:
        base = Decimal(row["denominator"])
        is_rate = row["kpi_id"] in RATES + AGENT_RATES
        low, high = (0, 1) if is_rate else SCALES.get(row["kpi_id"], (0, math.inf))
        assert base > 0
        assert Decimal(low) * base <= Decimal(row["numerator"]) <= Decimal(high) * base, row
    for row in table(centre.truth / "service_level_variants.csv"):
        assert 0 <= int(row["met"]) <= int(row["base"])


def test_the_shares_of_a_mix_add_up_to_the_day(centre: Run, in_scope: list[dict[str, str]]) -> None:
    for kpi_id in ("channel_mix", "contact_type_mix"):
        shares: dict[tuple[str, ...], int] = defaultdict(int)
        totals: dict[tuple[str, ...], int] = {}
        for row in table(centre.truth / "kpi_values.csv"):
            if row["kpi_id"] == kpi_id:
                place = (row["day"], row["client"], row["site"])
                shares[place] += int(row["numerator"])
                totals[place] = int(row["denominator"])
        assert shares == totals
        assert sum(totals.values()) == len(in_scope)


def test_handle_time_is_the_sum_of_its_parts(centre: Run) -> None:
    totals: dict[str, int] = defaultdict(int)
    for row in table(centre.truth / "kpi_values.csv"):
        if row["kpi_id"] in ("handle_time", "talk_time", "hold_time", "after_contact_work"):
            totals[row["kpi_id"]] += int(row["numerator"])
    parts = totals["talk_time"] + totals["hold_time"] + totals["after_contact_work"]
    assert totals["handle_time"] == parts


def test_repeats_and_openers_exclude_each_other(in_scope: list[dict[str, str]]) -> None:
    assert not any(row["is_repeat"] == row["is_issue_opener"] == "true" for row in in_scope)
    assert all(row["is_identified"] == "true" for row in in_scope if row["is_repeat"] == "true")
    openers = {row["contact_id"] for row in in_scope if row["is_issue_opener"] == "true"}
    resolved = {row["contact_id"] for row in in_scope if row["is_resolved_first_contact"] == "true"}
    assert resolved
    assert resolved < openers


def test_resolution_is_provisional_only_while_its_window_is_open(centre: Run) -> None:
    as_of = (centre.truth / "as_of.txt").read_text(encoding="utf-8").strip()
    assert datetime.fromisoformat(as_of) == centre.report.as_of
    rows = [
        row for row in table(centre.truth / "kpi_values.csv") if row["kpi_id"] == "first_contact_resolution"
    ]
    last_day = centre.report.as_of.date()
    for row in rows:
        age = (last_day - date.fromisoformat(row["day"])).days
        assert row["is_final"] == "true" if age > 8 else age >= 5 or row["is_final"] == "false"
    assert {row["is_final"] for row in rows} == {"true", "false"}


def test_somebody_calls_in_both_of_the_doubled_local_hours(in_scope: list[dict[str, str]]) -> None:
    for site, zone, day, hour in (
        ("lyon", "Europe/Paris", date(2026, 10, 25), 2),
        ("sofia", "Europe/Sofia", date(2026, 10, 25), 3),
        ("montreal", "America/Toronto", date(2026, 11, 1), 1),
    ):
        folds = set()
        for row in in_scope:
            if row["site"] == site:
                local = datetime.fromisoformat(row["arrived_at"]).astimezone(ZoneInfo(zone))
                if local.date() == day and local.hour == hour:
                    folds.add(local.fold)
        assert folds == {0, 1}, site


def test_service_is_good_on_the_whole_and_bad_at_times(centre: Run, in_scope: list[dict[str, str]]) -> None:
    assert 0.65 < centre.report.service_level < 0.95
    hours: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row in in_scope:
        if row["channel"] == "voice" and row["queue"] != "no_queue":
            met = row["outcome"] == "answered" and int(row["wait_seconds"]) <= int(
                row["service_level_seconds"]
            )
            hours[row["queue"], row["arrived_at"][:13]].append(met)
    assert any(sum(met) / len(met) < 0.5 for met in hours.values() if len(met) >= 5)


def test_amazon_records_hold_every_trap(centre: Run) -> None:
    records = objects(centre, "amazon_connect/contact_records")
    methods = Counter(record["InitiationMethod"] for record in records)
    assert set(methods) == {"INBOUND", "API", "TRANSFER", "CALLBACK", "OUTBOUND", "MONITOR"}
    attributes = [record.get("Attributes", {}) for record in records]
    for name in ("is_test", "self_served", "resolved", "diverted_to", "callback_requested"):
        assert any(name in each for each in attributes), name
    callbacks = [record for record in records if record["InitiationMethod"] == "CALLBACK"]
    assert {"Agent" in record for record in callbacks} == {True, False}
    moved = [record for record in records if "TransferCompletedTimestamp" in record]
    assert {"NextContactId" in record for record in moved} == {True, False}
    assert any("Queue" in r and "Agent" not in r and r["InitiationMethod"] == "TRANSFER" for r in records)
    assert any(record.get("CustomerEndpoint", {}).get("Address") == "anonymous" for record in records)
    versions = Counter(
        record["ContactId"]
        for record in {(r["ContactId"], r["LastUpdateTimestamp"]): r for r in records}.values()
    )
    assert max(versions.values()) == 2
    newest = max(record["LastUpdateTimestamp"] for record in records)
    assert datetime.fromisoformat(newest) == centre.report.as_of


def test_amazon_durations_agree_with_the_times(centre: Run) -> None:
    for record in objects(centre, "amazon_connect/contact_records"):
        if "Queue" in record:
            queue = record["Queue"]
            entered, left = (
                datetime.fromisoformat(queue[name]) for name in ("EnqueueTimestamp", "DequeueTimestamp")
            )
            assert (left - entered).total_seconds() == queue["Duration"] >= 0


def test_agent_events_beat_on_after_log_off(centre: Run) -> None:
    events = objects(centre, "amazon_connect/agent_events")
    assert {event["EventType"] for event in events} == {"LOGIN", "LOGOUT", "STATE_CHANGE", "HEART_BEAT"}
    states = {
        contact["State"]
        for event in events
        if "CurrentAgentSnapshot" in event
        for contact in event["CurrentAgentSnapshot"]["Contacts"]
    }
    assert states == {"CONNECTING", "CONNECTED", "ENDED", "MISSED"}
    assert any(
        event["EventType"] == "HEART_BEAT"
        and event.get("CurrentAgentSnapshot", {}).get("AgentStatus", {}).get("Name") == "Offline"
        for event in events
    )


def test_the_queue_log_holds_every_trap(tmp_path: Path) -> None:
    # Calls that the log lost are rare: a larger centre.
    log = queue_log(run(tmp_path, contacts=9000, days=7, seed=2))
    events = Counter(row[4] for row in log)
    assert set(events) >= {
        "ENTERQUEUE",
        "CONNECT",
        "COMPLETEAGENT",
        "COMPLETECALLER",
        "ABANDON",
        "EXITWITHTIMEOUT",
        "EXITWITHKEY",
        "CLOSED",
        "DID",
        "BLINDTRANSFER",
        "ATTENDEDTRANSFER",
        "TRANSFER",
        "RINGNOANSWER",
        "AGENTLOGIN",
        "AGENTLOGOFF",
        "ADDMEMBER",
        "REMOVEMEMBER",
        "PAUSEALL",
        "UNPAUSEALL",
        "WRAPUPSTART",
        "QUEUESTART",
        "CONFIGRELOAD",
    }
    entered = {row[1]: int(row[0]) for row in reversed(log) if row[4] == "ENTERQUEUE" and row[0].isdigit()}
    connected = {row[1]: int(row[0]) for row in reversed(log) if row[4] == "CONNECT"}
    assert any(at < entered[call] for call, at in connected.items())
    assert any(call.startswith("test-") for call in entered)
    twice = Counter((row[1], row[0]) for row in log if row[4] == "ENTERQUEUE")
    assert any(len([1 for call, _ in twice if call == each]) > 1 for each in entered)
    ended = {row[1] for row in log if row[4] not in ("ENTERQUEUE", "CONNECT", "DID", "RINGNOANSWER")}
    assert set(entered) - ended - set(connected)
    assert set(connected) - ended
    assert {row[6] for row in log if row[4] == "ENTERQUEUE"} >= {"anonymous", "", "unknown"}


def test_zendesk_holds_every_trap(centre: Run) -> None:
    tickets = objects(centre, "zendesk/tickets")
    assert {ticket["via"]["channel"] for ticket in tickets} == {
        "email",
        "web",
        "mobile",
        "api",
        "voice",
        "rule",
    }
    assert {ticket["status"] for ticket in tickets} >= {"new", "pending", "solved", "deleted", "closed"}
    assert any("closed_by_merge" in ticket.get("tags", []) for ticket in tickets)
    assert any("vitals_test" in ticket.get("tags", []) for ticket in tickets)
    assert any(ticket.get("submitter_id") != ticket.get("requester_id") for ticket in tickets)
    comments = objects(centre, "zendesk/ticket_comments")
    assert {comment["public"] for comment in comments} == {True, False}
    calls = objects(centre, "zendesk/talk_calls")
    assert {call.get("completion_status") for call in calls} >= {
        "completed", "abandoned_in_queue", "abandoned_in_ivr"
    }  # fmt: skip
    assert any(call.get("callback") for call in calls)
    assert {call["direction"] for call in calls} == {"inbound", "outbound"}
    legs = objects(centre, "zendesk/talk_call_legs")
    assert {leg["type"] for leg in legs} == {"agent", "customer", "supervisor"}
    assert any(leg.get("transferred_from") for leg in legs)
    assert any(leg.get("completion_status") == "agent_missed" for leg in legs)
    assert {rating["score"] for rating in objects(centre, "zendesk/satisfaction_ratings")} >= {
        "offered", "good", "bad"
    }  # fmt: skip


def test_the_template_files_have_their_columns_and_local_times(centre: Run) -> None:
    for stream in sorted((centre.out / "template").iterdir()):
        for path in sorted(stream.iterdir()):
            with path.open(encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file))
            assert rows[0]
            assert all(len(row) in (len(rows[0]), len(rows[0]) + 3) for row in rows), path
    threads = [row for path in sorted((centre.out / "template/contacts").iterdir()) for row in table(path)]
    assert {row["arrived_at"][-6:] for row in threads if row["arrived_at"]} >= {"+03:00", "+02:00"}
    assert {row["direction"] for row in threads} >= {"inbound", "outbound", "internal"}
    assert {row["outcome"] for row in threads} >= {"answered", "self_served", ""}
    costs = [
        row for path in sorted((centre.out / "template/operating_costs").iterdir()) for row in table(path)
    ]
    assert {row["currency"] for row in costs} == {"EUR", "BGN", "CAD", "PHP"}
    assert any(Decimal(row["amount"]) < 0 for row in costs)
    assert any(row["client"] for row in costs)
    assert any(row["channel"] for row in costs)
    surveys = [
        row for path in sorted((centre.out / "template/survey_responses").iterdir()) for row in table(path)
    ]
    assert {row["instrument"] for row in surveys} == {"csat", "nps", "ces", "esat"}
    assert {row["contact_id"].partition(":")[0] for row in surveys} >= {
        "amazon_connect",
        "asterisk",
        "zendesk",
    }


def test_agent_states_of_several_contacts_overlap_and_the_last_ones_run_on(centre: Run) -> None:
    states = [row for path in sorted((centre.out / "template/agent_states").iterdir()) for row in table(path)]
    known = {tuple(row[name] for name in ("agent_id", "started_at", "contact_id")) for row in states}
    assert any(not contact for _, _, contact in known)
    assert any(contact for _, _, contact in known)
    on_contact = [row for row in states if row["state"] == "on_contact" and row["ended_at"]]
    assert any(
        one["agent_id"] == other["agent_id"]
        and one["contact_id"] != other["contact_id"]
        and one["started_at"] < other["started_at"] < one["ended_at"]
        for one in on_contact
        for other in on_contact
    )
    days = table(centre.truth / "agent_days.csv")
    assert any(int(row["concurrent_handle_seconds"]) > int(row["on_contact_seconds"]) for row in days)
    assert all(int(row["concurrent_handle_seconds"]) >= int(row["on_contact_seconds"]) for row in days)
    assert all(int(row["adherent_seconds"]) <= int(row["scheduled_seconds"]) for row in days)


def test_events_of_one_second_are_told_in_the_order_of_their_ids(centre: Run) -> None:
    found: dict[tuple[str, str], list[tuple[str, str, str]]] = defaultdict(list)
    for event in objects(centre, "amazon_connect/agent_events"):
        if event["EventType"] == "HEART_BEAT":
            continue
        snapshot = event["CurrentAgentSnapshot"]
        key = (snapshot["Configuration"]["Username"], event["EventTimestamp"])
        contacts = json.dumps(snapshot["Contacts"])
        found[key].append(
            (event["EventId"], contacts, json.dumps(event["PreviousAgentSnapshot"]["Contacts"]))
        )
    several = [sorted(set(events)) for events in found.values() if len(set(events)) > 1]
    assert several
    assert all(before[1] == after[2] for events in several for before, after in pairwise(events)), (
        "each begins with what the one before it ended with"
    )
    assert all(at.endswith(".000Z") for _, at in found)


def test_the_row_counts_are_those_of_the_files(centre: Run) -> None:
    for row in table(centre.truth / "rows.csv"):
        stream = f"{row['platform']}/{row['stream']}"
        found = 0
        for path, text in texts(centre.out / stream):
            if path.suffix == ".json" and row["platform"] == "zendesk":
                found += len(json.loads(text)[records_key(stream)])
            elif path.suffix == ".json":
                found += len(concatenated(text))
            else:
                found += len(text.splitlines()) - (path.suffix == ".csv")
        assert found == int(row["rows_written"]) == centre.report.rows[stream], stream
        assert int(row["invalid"]) > 0
        assert int(row["duplicates"]) > 0
        if row["platform"] != "zendesk":
            assert int(row["unparseable"]) > 0


def test_unreadable_and_repeated_lines_are_as_many_as_the_truth_says(centre: Run) -> None:
    counts = {row["stream"]: row for row in table(centre.truth / "rows.csv") if row["platform"] != "zendesk"}
    lines = [
        line
        for path, text in texts(centre.out / "amazon_connect/contact_records")
        if path.suffix != ".json"
        for line in text.splitlines()
    ]
    assert sum(not is_json(line) for line in lines) == int(counts["contact_records"]["unparseable"])
    records = [json.dumps(each) for each in objects(centre, "amazon_connect/contact_records")]
    assert len(records) - len(set(records)) == int(counts["contact_records"]["duplicates"])
    log = ["|".join(row) for row in queue_log(centre)]
    assert len(log) - len(set(log)) == int(counts["queue_log"]["duplicates"])


def test_nothing_is_newer_than_as_of(centre: Run) -> None:
    limit = centre.report.as_of.strftime("%Y-%m-%dT%H:%M:%SZ")
    for stream, name in (
        ("amazon_connect/contact_records", "LastUpdateTimestamp"),
        ("zendesk/tickets", "updated_at"),
        ("zendesk/talk_calls", "updated_at"),
    ):
        assert max(each.get(name) or "" for each in objects(centre, stream)) <= limit
    assert (
        max(int(row[0]) for row in queue_log(centre) if row[0].isdigit()) <= centre.report.as_of.timestamp()
    )


def test_cost_truth_is_exact_to_the_cent_of_each_currency(centre: Run) -> None:
    rows = table(centre.truth / "cost_per_contact.csv")
    assert {row["site"] for row in rows} == {"lyon", "sofia", "montreal", "manila"}
    assert {row["month"] for row in rows} == {"2026-10-01", "2026-11-01"}
    assert all(Decimal(row["numerator"]) > 0 for row in rows)


def test_exports_are_not_mixed_with_others(centre: Run, tmp_path: Path) -> None:
    with pytest.raises(VitalsError, match="would mix"):
        simulate(centre.out, tmp_path, SEEDS, contacts=10, days=1)


def test_nonsense_is_refused(tmp_path: Path) -> None:
    with pytest.raises(VitalsError, match="Cannot simulate 0 contacts"):
        simulate(tmp_path / "out", tmp_path / "truth", SEEDS, contacts=0)
    with pytest.raises(VitalsError, match="is missing"):
        simulate(tmp_path / "out", tmp_path / "truth", tmp_path / "seeds")


def test_a_handful_of_contacts_is_enough(tmp_path: Path) -> None:
    steps: list[tuple[str, int, int]] = []
    small = simulate(
        tmp_path / "out",
        tmp_path / "truth",
        SEEDS,
        contacts=5,
        days=1,
        on_progress=lambda step, done, total: steps.append((step, done, total)),
    )
    assert small.contacts > 0
    assert {step for step, _, _ in steps} == {"simulate", "write"}
    assert all(0 < done <= total for _, done, total in steps)


def test_the_day_of_a_contact_is_that_of_its_site(contacts: list[dict[str, str]]) -> None:
    zones = {row["site"]: ZoneInfo(row["zone"]) for row in table(SEEDS / "reference/sites.csv")}
    for row in contacts:
        moment = datetime.fromisoformat(row["arrived_at"])
        assert row["day"] == moment.astimezone(zones.get(row["site"], UTC)).date().isoformat()
    span = {row["day"] for row in contacts}
    assert min(span) >= "2026-10-19"
    assert max(span) <= (date(2026, 10, 20) + timedelta(days=14)).isoformat()


def test_the_running_day_has_contacts_and_some_of_them_go_on(
    centre: Run, in_scope: list[dict[str, str]]
) -> None:
    as_of = centre.report.as_of
    running = [
        row
        for row in in_scope
        if row["site"] in ("lyon", "sofia") and row["day"] == (date(2026, 10, 20) + timedelta(14)).isoformat()
    ]
    assert {row["site"] for row in running} == {"lyon", "sofia"}
    for site in ("lyon", "sofia"):
        zone = ZoneInfo({"lyon": "Europe/Paris", "sofia": "Europe/Sofia"}[site])
        assert 12 <= as_of.astimezone(zone).hour <= 16, "not in the midst of the day"
        last = max(datetime.fromisoformat(row["arrived_at"]) for row in running if row["site"] == site)
        assert as_of - timedelta(hours=2) < last < as_of
    # Whole days bring as much as days before: the running one is no more than its part.
    whole = Counter(row["day"] for row in in_scope if row["site"] == "sofia")
    assert len(running) < 2 * max(whole.values())
    live = [row for row in running if row["channel"] != "email"]
    assert {row["outcome"] for row in running} >= {"answered", "open"}
    assert any(row["outcome"] == "answered" and not row["talk_seconds"] for row in live), "nobody talks"
    finals = {
        row["is_final"]
        for row in table(centre.truth / "kpi_values.csv")
        if row["kpi_id"] == "service_level" and row["day"] == running[0]["day"]
    }
    assert finals == {"false"}


def test_states_that_go_on_as_the_exports_are_drawn_have_no_end(centre: Run) -> None:
    states = [row for path in sorted((centre.out / "template/agent_states").iterdir()) for row in table(path)]
    assert any(row["state"] == "on_contact" and not row["ended_at"] for row in states)
    surveys = [
        row for path in sorted((centre.out / "template/survey_responses").iterdir()) for row in table(path)
    ]
    assert any(not row["responded_at"] for row in surveys)
    legs = [row for path in sorted((centre.out / "template/contact_legs").iterdir()) for row in table(path)]
    assert any(row["exit"] == "open" for row in legs)


def test_costs_of_the_running_day_are_its_part_of_the_month(tmp_path: Path) -> None:
    # The running day is the first of a month: half a day of Europe's pay, seats and lines.
    run(tmp_path, contacts=1500, days=6, seed=5, start=date(2026, 9, 25))
    booked = {
        (row["month"], row["site"]): Decimal(row["numerator"])
        for row in table(tmp_path / "truth/cost_per_contact.csv")
    }
    for site in ("lyon", "sofia"):
        assert Decimal("0.02") < booked["2026-10-01", site] / booked["2026-09-01", site] < Decimal("0.35")


def test_surveys_by_qualtrics_come_with_three_header_rows_previews_and_invitations(tmp_path: Path) -> None:
    told = run(tmp_path, contacts=900, days=6, seed=3, surveys_by="qualtrics")
    assert told.report.rows["template/survey_responses"] == 0
    files = sorted((told.out / "qualtrics/responses").iterdir())
    assert {path.name.partition("_")[0] for path in files} >= {"Recommendation", "Employee pulse"}
    statuses, answers = Counter[str](), 0
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            names, words, keys, *rows = csv.reader(file)
        assert len(names) == len(words) == len(keys)
        assert all("ImportId" in json.loads(key) for key in keys)
        assert json.loads(keys[0])["timeZone"] == "America/Denver"
        statuses += Counter(row[names.index("Status")] for row in rows)
        answers += sum(row[8].startswith("R_") for row in rows)
    assert answers > 20
    assert statuses["0"] > 20
    assert set(statuses) > {"0"}, "previews and spam"
    invitations = [
        row
        for path in sorted((told.out / "qualtrics/distribution_contacts").iterdir())
        for row in table(path)
    ]
    assert {"Success", "SurveyFinished", "HardBounce"} <= {row["status"] for row in invitations}


def test_call_records_have_all_columns_and_tell_every_call_of_the_queue_log_that_is_over(centre: Run) -> None:
    rows = [
        row
        for _, text in texts(centre.out / "asterisk/cdr")
        for row in csv.reader(text.splitlines())
        if len(row) == 21
    ]
    entered = {
        row[1] for row in queue_log(centre) if len(row) > 4 and row[4] == "ENTERQUEUE" and row[0].isdigit()
    }
    ended = {
        row[1]
        for row in queue_log(centre)
        if len(row) > 4 and row[4].startswith(("COMPLETE", "ABANDON", "EXIT"))
    }
    records = {row[16] for row in rows}
    assert entered & ended <= records
    assert {row[7] for row in rows} >= {"Queue"}
    assert {row[14] for row in rows} == {"ANSWERED", "NO ANSWER"}
    # The number of the call holds the second at which it began, and the clock is Sofia's.
    first = min(rows, key=lambda row: row[9])
    began = datetime.fromtimestamp(int(first[16].split("-")[-1].partition(".")[0]), ZoneInfo("Europe/Sofia"))
    assert first[9] == began.strftime("%Y-%m-%d %H:%M:%S")


def test_surveys_have_to_be_told_by_somebody(tmp_path: Path) -> None:
    with pytest.raises(VitalsError, match="'paper' tells no simulated surveys"):
        run(tmp_path, contacts=1, days=1, surveys_by="paper")
