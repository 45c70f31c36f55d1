"""One simulated week, told by several telephone platforms, its surveys by Qualtrics, gives the same KPIs."""

import csv
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from centre import PROJECT, Centre
from truths import differences
from vitals.simulate import MOVES, simulate
from workbench import Built, Workbench

# A week in which the US Pacific clock goes back, in the morning of the European sites.
FIRST_DAY = date(2026, 10, 27)
# Exports are drawn in its midst: what agents do with contacts that go on is not told by all.
RUNNING_DAY = str(FIRST_DAY + timedelta(days=7))
DIMENSIONS = ("day", "client", "site", "queue", "channel", "contact_type")
# On the last one Amazon Connect tells the contacts, and Qualtrics the surveys.
WEEKS = [*MOVES, "qualtrics"]
OTHERS = [platform for platform in WEEKS if platform != "amazon_connect"]

_STATES_ARE_ELSEWHERE = "it tells what happened to contacts, and not what agents did between them"
_AGENT_TIME = dict.fromkeys(
    (
        "agent_utilisation",
        "conformance",
        "contacts_per_hour",
        "occupancy",
        "schedule_adherence",
        "time_to_next_contact",
    ),
    _STATES_ARE_ELSEWHERE,
)
_TYPES = "contacts without a type match those of any type"
# What a format cannot carry: these KPIs differ from those of Amazon Connect; all others are the same.
MISSING = {
    "genesys_cloud": _AGENT_TIME,
    "five9": {
        "resolution_rate": "no disposition says whether the matter is resolved",
        "sentiment": "the call log knows no mood",
        "contact_type_mix": "the type of calls that no agent met is unknown",
        "first_contact_resolution": _TYPES,
        "repeat_contact_rate": _TYPES,
    },
    "twilio": {
        "hold_time": "TaskRouter has no event for hold: it is talk",
        "talk_time": "TaskRouter has no event for hold: it is talk",
        "transfer_rate": "a transfer out of the centre has no event",
        "self_service_containment": "nothing says whether the menu served a caller",
        "contact_type_mix": "a call that met no queue has no task, and no type",
        "first_contact_resolution": _TYPES,
        "repeat_contact_rate": _TYPES,
    },
    "qualtrics": {"survey_response_rate": "an invitation that nobody answered names no contact"},
    "asterisk": {
        **_AGENT_TIME,
        "hold_time": "the queue log counts hold as talk",
        "talk_time": "the queue log counts hold as talk",
        "after_contact_work": "the queue log does not know it",
        "handle_time": "after-contact work is not in it",
        "resolution_rate": "the queue log knows no result",
        "sentiment": "the queue log knows no mood",
        "contact_type_mix": "the queue is all that is known of a call's type",
        "first_contact_resolution": _TYPES,
        "repeat_contact_rate": _TYPES,
        "cost_per_contact": "a call-back is a call of its own, and met no queue",
    },
}
# Made of several KPIs: with some of them missing they may differ, or not.
COMPOSITES = {"call_performance_index", "sla_attainment"}

Cells = dict[str, dict[tuple[str, ...], tuple[Any, ...]]]


@dataclass(frozen=True)
class Week:
    """The week as one platform tells it."""

    built: Built
    truth: Path

    def kpis(self) -> Cells:
        """Numerator, denominator and whether it is final of every cell that has a base, by KPI."""
        found: Cells = defaultdict(dict)
        for kpi, *row in self.built.rows(
            f"select kpi_id, {', '.join(DIMENSIONS)}, numerator, denominator, is_final from marts.kpi_values"
            " where denominator <> 0"
        ):
            found[kpi][tuple("" if value is None else str(value) for value in row[:6])] = tuple(row[6:])
        return found

    def known(self) -> Cells:
        """The same of what the simulator knows that the platform can tell."""
        found: Cells = defaultdict(dict)
        with (self.truth / "kpi_values.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if Decimal(row["denominator"]):
                    figures = (Decimal(row["numerator"]), Decimal(row["denominator"]))
                    is_final = row["is_final"].lower() == "true"
                    found[row["kpi_id"]][tuple(row[name] for name in DIMENSIONS)] = (*figures, is_final)
        return found

    def totals(self) -> Cells:
        """Numerator and denominator of each KPI by day, client, site, queue and channel."""
        found: Cells = defaultdict(dict)
        for kpi, *row in self.built.rows(
            "select kpi_id, day, client, site, queue, channel,"
            " round(sum(numerator), 2), round(sum(denominator), 2)"
            " from marts.kpi_values where denominator <> 0 group by all"
        ):
            found[kpi][tuple("" if value is None else str(value) for value in row[:5])] = tuple(row[5:])
        # A share of each type is of the day, not of its cell.
        found["contact_type_mix"] = {
            (str(day), client, site, contact_type): (numerator, denominator)
            for day, client, site, contact_type, numerator, denominator in self.built.rows(
                "select day, client, site, contact_type, numerator, denominator"
                " from marts.kpi_contact_type_mix where numerator <> 0"
            )
        }
        return found


@pytest.fixture(scope="module")
def weeks(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Week]:
    root = tmp_path_factory.mktemp("weeks")
    workbench = Workbench(root)
    found = {}
    for platform in WEEKS:
        landing, truth = root / platform / "landing", root / platform / "truth"
        place = "amazon_connect" if platform == "qualtrics" else platform
        surveys_by = "qualtrics" if platform == "qualtrics" else "template"
        seeds = PROJECT / "seeds"
        simulate(landing, truth, seeds, 400, 7, 5, FIRST_DAY, platform=place, surveys_by=surveys_by)
        as_of = datetime.fromisoformat((truth / "as_of.txt").read_text(encoding="utf-8").strip())
        built = workbench.build(
            platform, landing, ["+kpi_values"], [f"path:models/staging/{platform}"], as_of
        )
        found[platform] = Week(built, truth)
    return found


@pytest.mark.parametrize("platform", WEEKS)
def test_every_cell_equals_what_the_platform_can_know(weeks: dict[str, Week], platform: str) -> None:
    known, actual = weeks[platform].known(), weeks[platform].kpis()
    assert len(known) > 10
    for kpi in known:
        assert differences(known[kpi], actual.get(kpi, {})) == [], kpi
    # Costs have a truth by month and site, of their own.
    assert set(actual) - set(known) <= {"cost_per_contact"}


@pytest.mark.parametrize("platform", OTHERS)
def test_the_week_has_the_same_kpis_as_on_amazon_connect(weeks: dict[str, Week], platform: str) -> None:
    amazon, other = weeks["amazon_connect"].totals(), weeks[platform].totals()
    missing = set(MISSING[platform])
    same = sorted(set(amazon) - missing - (COMPOSITES if missing - set(_AGENT_TIME) else set()))
    assert {"service_level", "abandonment_rate", "speed_of_answer", "retelling_rate"} <= set(same)
    for kpi in same:
        until = RUNNING_DAY if kpi in _AGENT_TIME else "9999"
        expected, actual = (
            {cell: figures for cell, figures in each.get(kpi, {}).items() if cell[0] < until}
            for each in (amazon, other)
        )
        assert expected, kpi
        assert differences(expected, actual) == [], kpi


@pytest.mark.parametrize(("platform", "kpi"), [(each, kpi) for each in OTHERS for kpi in MISSING[each]])
def test_what_a_format_cannot_carry_does_differ(weeks: dict[str, Week], platform: str, kpi: str) -> None:
    amazon, other = weeks["amazon_connect"].totals(), weeks[platform].totals()
    assert amazon[kpi]
    assert amazon[kpi] != other.get(kpi, {}), f"{MISSING[platform][kpi]}: but it is the same"


def test_the_hour_that_the_us_pacific_clock_shows_twice_is_told_apart(weeks: dict[str, Week]) -> None:
    with (weeks["five9"].truth / "contacts.csv").open(encoding="utf-8", newline="") as file:
        expected = {
            row["contact_id"]: row["arrived_at"]
            for row in csv.DictReader(file)
            if row["direction"] == "inbound" and row["answered_at"]
        }
    actual = dict(
        weeks["five9"].built.rows(
            "select contact_id, strftime(arrived_at, '%Y-%m-%dT%H:%M:%SZ')"
            # Of a call that no agent took nothing may tell.
            " from marts.fct_contacts where direction = 'inbound' and answered_at is not null"
        )
    )
    assert differences(expected, actual) == []
    for hour in ("08", "09"):
        assert any(at.startswith(f"2026-11-01T{hour}") for at in expected.values()), hour


def test_rows_that_cannot_be_true_or_come_again_are_as_many_as_were_written(weeks: dict[str, Week]) -> None:
    for platform, week in weeks.items():
        with (week.truth / "rows.csv").open(encoding="utf-8", newline="") as file:
            expected = {
                row["stream"]: (int(row["invalid"]), int(row["duplicates"]), int(row["superseded"]))
                for row in csv.DictReader(file)
                if row["platform"] == platform
            }
        for stream, counts in expected.items():
            actual = week.built.rows(
                "select count(*) filter (record_status = 'quarantined'),"
                " count(*) filter (record_status = 'duplicate'),"
                f" count(*) filter (record_status = 'superseded') from staging.stg_{platform}__{stream}"
            )
            assert actual == [counts], (platform, stream)
        assert sum(counts[0] for counts in expected.values()) > 0


@pytest.mark.parametrize("platform", ["amazon_connect", "asterisk", "genesys_cloud", "five9", "twilio"])
def test_the_reconciliation_of_a_platforms_page_runs_and_adds_up(
    weeks: dict[str, Week], platform: str
) -> None:
    page = (PROJECT / "docs" / "platforms" / f"{platform}.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    rows = weeks[platform].built.rows(query)
    answered = weeks[platform].built.rows(
        "select count(*) from marts.fct_contacts"
        f" where platform = '{platform}' and is_in_scope and outcome = 'answered'"
    )[0][0]
    assert len(rows) > 2
    assert sum(row[2] for row in rows) >= answered > 0


def test_the_reconciliation_of_every_page_runs_on_what_is_published(centre: Centre) -> None:
    pages = [each for each in (PROJECT / "docs" / "platforms").glob("*.md") if each.name != "README.md"]
    rows = {}
    for page in pages:
        (query,) = re.findall(r"```sql\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
        rows[page.stem] = centre.published(query)
    assert len(rows) == 8
    # The other platforms have no files in this centre.
    assert min(len(rows[name]) for name in ("amazon_connect", "asterisk", "zendesk")) > 1


def test_the_reconciliation_of_qualtrics_runs_and_adds_up(weeks: dict[str, Week]) -> None:
    page = (PROJECT / "docs" / "platforms" / "qualtrics.md").read_text(encoding="utf-8")
    (query,) = re.findall(r"```sql\n(.*?)```", page, re.DOTALL)
    rows = weeks["qualtrics"].built.rows(query)
    kpis = dict(
        weeks["qualtrics"].built.rows(
            "select kpi_id, sum(denominator) from marts.kpi_values"
            " where kpi_id in ('csat', 'ces', 'nps', 'esat', 'survey_response_rate') group by 1"
        )
    )
    sent = 0
    answers: dict[str, int] = defaultdict(int)
    for instrument, _, count, mean, top, nps, of_all in rows:
        answers[instrument] += count
        sent += of_all if instrument != "esat" else 0
        assert count == 0 or mean is not None
        assert (nps is not None) == (instrument == "nps" and count > 0)
        assert top <= count
    assert answers == {kpi: kpis[kpi] for kpi in ("csat", "ces", "nps", "esat")}
    assert sent == kpis["survey_response_rate"]
