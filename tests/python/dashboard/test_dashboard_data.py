"""What the dashboard reads: every figure is the marts', from one version, of the file that may be read."""

import csv
import io
import json
import math
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from centre import PROJECT, Centre
from vitals.dashboard import app, data
from vitals.dashboard.data import LEVELS, SOURCES, SQL, Reader, UnreadableError, View, behind, reading
from vitals.dashboard.page import Page, csv_of
from vitals.dashboard.words import Words
from vitals.paths import Paths

EVER = View("last_28_days", date(2020, 1, 1), date(2030, 1, 1))


@pytest.fixture
def reader(centre: Centre) -> Iterator[Reader]:
    """The published database of analysts."""
    with reading(centre.paths) as opened:
        yield opened


def told(reader: Reader, sql: str) -> list[tuple[Any, ...]]:
    """What the marts answer to a statement that the dashboard does not know."""
    return reader.connection.execute(sql).fetchall()


def view_of(reader: Reader, period: str = "last_7_days", **chosen: str) -> View:
    """A view on a period of the scorecard."""
    ((first, last),) = told(
        reader,
        "select distinct period_start_date, period_end_date from marts.rpt_scorecard "
        f"where period = '{period}'",
    )
    return View(period, first, last, **chosen)


def page_of(reader: Reader, view: View, **asked: str) -> Page:
    """A page as the app makes it, without a browser."""
    shell = {name: reader.put("shell", name) for name in SQL["shell"]}
    dimensions = {"client": "clients", "site": "sites", "queue": "queues", "channel": "channels"}
    return Page(
        words=Words("en", "EUR"),
        view=view,
        version=reader.version,
        level=reader.level,
        kpis={row["kpi_id"]: row for row in shell["kpis"]},
        names={one: data.names(shell[rows]) for one, rows in dimensions.items()},
        comments={},
        asked=asked,
    )


def slices(reader: Reader) -> list[View]:
    """The whole, one of each dimension, and several at once."""
    whole = view_of(reader)
    return [
        whole,
        replace(whole, client="aurora_energy"),
        replace(whole, site="sofia"),
        replace(whole, queue="halcyon_cards"),
        replace(whole, channel="email"),
        replace(whole, client="meridian_travel", site="manila", channel="voice"),
    ]


def near(one: float | None, other: float | None) -> bool:
    """Whether two figures are the same, but for the last bits."""
    if one is None or other is None:
        return one is other
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


# --- figures -----------------------------------------------------------------------------------


def test_rows_behind_every_figure_add_up_to_it(reader: Reader) -> None:
    kpis = {row["kpi_id"]: row for row in reader.put("shell", "kpis")}
    some = 0
    for view in [EVER, *slices(reader)]:
        for kpi_id, source in SOURCES.items():
            if source.relation == "marts.agg_agents_daily" and (view.client, view.queue, view.channel) != (
                "all",
                "all",
                "all",
            ):
                continue
            kpi = kpis[kpi_id]
            synchronous = kpi["scorecard_channels"] == "synchronous" and view.channel == "all"
            rows = reader.rows(behind(kpi_id, kpi["better"], synchronous), view, most=10**9)
            total = reader.put("figure", "total", view, kpi=kpi_id)[0]
            numerator = math.fsum(row["numerator"] or 0 for row in rows)
            assert math.isclose(numerator, total["numerator"] or 0, abs_tol=0.01), (kpi_id, view)
            denominator = math.fsum(row["denominator"] or 0 for row in rows)
            assert math.isclose(denominator, total["denominator"] or 0, abs_tol=0.01), (kpi_id, view)
            assert all(row["rows_count"] == len(rows) for row in rows)
            some += len(rows) > 0
    assert some > 100


def test_a_kpi_without_single_rows_is_one_of_other_kpis_or_of_anonymous_answers(reader: Reader) -> None:
    kpis = {row["kpi_id"] for row in reader.put("shell", "kpis")}
    mixes = {"channel_mix", "contact_type_mix"}
    assert kpis - set(SOURCES) - mixes == {"sla_attainment", "call_performance_index", "esat"}


def test_the_figure_without_filters_is_the_scorecards(reader: Reader) -> None:
    for period in ("yesterday", "last_7_days", "last_28_days"):
        for client in ("all", "aurora_energy", "halcyon_bank"):
            view = view_of(reader, period, client=client)
            expected = told(
                reader,
                "select kpi_id, value from marts.rpt_scorecard "
                f"where period = '{period}' and client = '{client}' and member = 'all'",
            )
            assert len(expected) > 15
            for kpi_id, value in expected:
                total = reader.put("figure", "total", view, kpi=kpi_id)[0]
                assert near(total["value"], value), (kpi_id, period, client)


def test_every_slice_divides_the_sums_of_the_mart(reader: Reader) -> None:
    synchronous = {
        channel for (channel,) in told(reader, "select channel from marts.dim_channel where is_synchronous")
    }
    only = {
        kpi_id
        for (kpi_id,) in told(
            reader, "select kpi_id from marts.dim_kpi where scorecard_channels = 'synchronous'"
        )
    }
    assert synchronous
    assert only
    columns = (
        "kpi_id, day, client, site, queue, channel, cast(numerator as double), cast(denominator as double)"
    )
    values = told(reader, f"select {columns} from marts.kpi_values")
    for view in slices(reader):
        sums: dict[str, list[float]] = {}
        for kpi_id, day, client, site, queue, channel, numerator, denominator in values:
            chosen = zip(
                (view.client, view.site, view.queue, view.channel),
                (client, site, queue, channel),
                strict=True,
            )
            if not (view.first_day <= day <= view.last_day) or any(
                one not in ("all", other) for one, other in chosen
            ):
                continue
            if kpi_id in only and view.channel == "all" and channel not in synchronous:
                continue
            had = sums.setdefault(kpi_id, [0, 0])
            had[0] += numerator
            had[1] += denominator
        shown = {row["kpi_id"]: row["value"] for row in reader.put("signs", "slice", view)}
        assert set(shown) == set(sums) - {"channel_mix", "contact_type_mix"}
        for kpi_id, value in shown.items():
            numerator, denominator = sums[kpi_id]
            assert near(value, numerator / denominator if denominator else None), (kpi_id, view)


def test_the_parts_of_a_figure_add_up_to_it(reader: Reader) -> None:
    view = view_of(reader, "last_28_days")
    for kpi_id in ("service_level", "handle_time", "csat", "cost_per_contact"):
        total = reader.put("figure", "total", view, kpi=kpi_id)[0]
        for dimension in ("client", "site", "queue", "channel", "contact_type"):
            parts = reader.put("figure", f"by_{dimension}", view, kpi=kpi_id)
            assert len(parts) > 1
            assert near(sum(row["numerator"] for row in parts), total["numerator"])
            assert near(sum(row["denominator"] for row in parts), total["denominator"])
    days = reader.put("figure", "daily", view, kpi="service_level")
    assert near(
        sum(row["numerator"] for row in days),
        reader.put("figure", "total", view, kpi="service_level")[0]["numerator"],
    )


def test_the_hours_of_arrival_add_up_to_the_figure(reader: Reader) -> None:
    from vitals.dashboard.data import by_hour

    contacts = [one for one, source in SOURCES.items() if source.relation == "marts.fct_contacts"]
    kpis = {row["kpi_id"]: row for row in reader.put("shell", "kpis")}
    for view in slices(reader):
        for kpi_id in contacts:
            is_synchronous = kpis[kpi_id]["scorecard_channels"] == "synchronous" and view.channel == "all"
            hours = reader.rows(by_hour(kpi_id, is_synchronous), view)
            total = reader.put("figure", "total", view, kpi=kpi_id)[0]
            assert len({row["member"] for row in hours}) == len(hours) <= 24
            for part in ("numerator", "denominator"):
                assert near(sum(row[part] for row in hours), total[part] or 0.0), (kpi_id, view)


def test_the_part_that_holds_a_figure_back_stands_first() -> None:
    from vitals.dashboard.screens.figure import _worst_first

    total = {"numerator": 160.0, "denominator": 200.0}
    parts = [
        {"member": "great", "numerator": 95.0, "denominator": 100.0},
        {"member": "poor", "numerator": 60.0, "denominator": 90.0},
        {"member": "tiny", "numerator": 5.0, "denominator": 10.0},
    ]
    up = _worst_first(parts, total, "up", None)
    assert [(row["member"], round(row["without"], 4)) for row in up] == [
        ("poor", 0.9091),
        ("tiny", 0.8158),
        ("great", 0.65),
    ]
    assert [row["member"] for row in _worst_first(parts, total, "down", None)] == ["great", "tiny", "poor"]
    assert _worst_first(parts, total, "target", 0.66)[0]["member"] == "great"
    (whole,) = _worst_first([{"member": "one", **total}], total, "up", None)
    assert whole["without"] is None


def test_of_two_guards_only_the_worse_one_is_named(reader: Reader) -> None:
    from dataclasses import replace

    from vitals.scorecard import scorecard_of

    card = scorecard_of(reader.connection, "last_28_days", "all")
    sign = next(one for one in card.signs if one.kpi_id == "handle_time")
    moved = {sign.guard_kpi_id: False, sign.second_guard_kpi_id: True}
    signs = tuple(replace(one, is_improved=moved.get(one.kpi_id, one.is_improved)) for one in card.signs)
    assert replace(card, signs=signs).worse_guards(sign) == [sign.guard_kpi_id]


def test_the_hours_that_are_short_are_sums_of_the_quarters(reader: Reader) -> None:
    view = view_of(reader, "last_28_days")
    hours = reader.put("agents", "short_hours", view)
    assert hours
    assert [row["gap_hours"] for row in hours] == sorted(row["gap_hours"] for row in hours)
    worst = hours[0]
    ((gap,),) = told(
        reader,
        "select cast(sum(gap_agents) as double) / 4 from marts.rpt_staffing_intervals"
        f" where day between date '{view.first_day}' and date '{view.last_day}' and site = '{worst['site']}'"
        f" and isodow(day) = {worst['weekday']} and left(local_time, 2) = '{worst['hour'][:2]}'",
    )
    assert near(worst["gap_hours"], gap)


def test_one_of_the_seven_readings_is_the_kpi_itself(reader: Reader) -> None:
    from vitals.dashboard.screens.figure import DEFAULT_VARIANT

    for view in slices(reader):
        readings = {row["variant"]: row["value"] for row in reader.put("figure", "variants", view)}
        assert len(readings) == 7
        assert near(
            readings[DEFAULT_VARIANT], reader.put("figure", "total", view, kpi="service_level")[0]["value"]
        )


def test_the_running_day_sums_the_mart(reader: Reader) -> None:
    for view in slices(reader):
        day = reader.put("running_day", "so_far", view)[0]
        where = " and ".join(
            f"{name} = '{getattr(view, name)}'"
            for name in ("client", "site", "queue", "channel")
            if getattr(view, name) != "all"
        )
        ((contacts, waiting, met, base),) = told(
            reader,
            "select sum(contacts_count), sum(waiting_count), sum(answered_in_target_count),"
            " sum(service_level_base_count) from marts.rpt_realtime where " + (where or "true"),
        )
        assert (day["contacts_count"], day["waiting_count"]) == (contacts, waiting)
        assert near(day["service_level"], met / base if base else None)
        for mix in ("channels", "contact_types"):
            rows = reader.put("running_day", mix, view)
            assert sum(row["numerator"] for row in rows) == (contacts or 0)
            assert not rows or near(sum(row["value"] for row in rows), 1.0)
        assert sum(row["contacts_count"] for row in reader.put("running_day", "quarters", view)) == (
            contacts or 0
        )
        assert sum(row["waiting_count"] for row in reader.put("running_day", "queues", view)) == (
            waiting or 0
        )


def test_costs_by_part_add_up_to_the_cost_of_the_period(reader: Reader) -> None:
    for view in slices(reader):
        total = reader.put("figure", "total", view, kpi="cost_per_contact")[0]
        for name in ("by_site", "by_channel", "by_contact_type"):
            parts = reader.put("costs", name, view)
            assert near(sum(row["numerator"] for row in parts), total["numerator"] or 0.0)
            assert near(sum(row["denominator"] for row in parts), total["denominator"] or 0.0)
            for row in parts:
                assert near(
                    row["value"], row["numerator"] / row["denominator"] if row["denominator"] else None
                )


def test_causes_journeys_and_staffing_are_sums_of_their_marts(reader: Reader) -> None:
    view = view_of(reader, "last_28_days")
    days = f"day between date '{view.first_day}' and date '{view.last_day}'"
    ((repeats, known),) = told(
        reader,
        "select sum(numerator), sum(denominator) from marts.kpi_values"
        f" where kpi_id = 'repeat_contact_rate' and {days}",
    )
    causes = reader.put("first_contact", "causes", view)
    assert sum(row["repeats_count"] for row in causes) == float(repeats)
    assert sum(row["contacts_count"] for row in causes) == float(known)
    ((issues, contacts),) = told(
        reader, f"select count(*), sum(contacts_count) from marts.rpt_customer_journeys where {days}"
    )
    journeys = reader.put("first_contact", "journeys", view)
    assert sum(row["issues_count"] for row in journeys) == issues
    assert near(sum(row["issues_count"] * row["contacts_per_issue"] for row in journeys), float(contacts))
    ((needed, staffed),) = told(
        reader,
        "select cast(sum(needed_agents) as double), cast(sum(staffed_agents) as double)"
        f" from marts.rpt_staffing_intervals where {days}",
    )
    sites = reader.put("agents", "sites", view)
    assert near(sum(row["needed_hours"] for row in sites), needed / 4)
    ((count,),) = told(reader, f"select count(distinct day) from marts.rpt_staffing_intervals where {days}")
    curve = reader.put("agents", "day_curve", view)
    assert near(sum(row["staffed_agents"] for row in curve) * count, staffed)


def test_mixes_and_changes_are_shares_of_the_contacts(reader: Reader) -> None:
    view = view_of(reader)
    rows = reader.put("mix_and_trends", "contact_types", view)
    scorecard = dict(
        told(
            reader,
            "select member, value from marts.rpt_scorecard where period = 'last_7_days' and client = 'all'"
            " and kpi_id = 'contact_type_mix' and value > 0",
        )
    )
    before = dict(
        told(
            reader,
            "select member, previous_value from marts.rpt_scorecard where period = 'last_7_days'"
            " and client = 'all' and kpi_id = 'contact_type_mix'",
        )
    )
    assert {row["member"] for row in rows} == set(scorecard)
    for row in rows:
        assert near(row["value"], scorecard[row["member"]])
        assert near(row["previous_value"], before[row["member"]])


# --- which marts -------------------------------------------------------------------------------


def _read(tree: Any) -> Iterator[str]:
    """The published tables in a statement, as DuckDB's own parser sees it."""
    if isinstance(tree, dict):
        if tree.get("error") is True:
            raise AssertionError(tree)
        if tree.get("type") == "BASE_TABLE" and tree["schema_name"] in ("marts", "quality"):
            yield tree["table_name"]
        for each in tree.values():
            yield from _read(each)
    elif isinstance(tree, list):
        for each in tree:
            yield from _read(each)


class _Recorded:
    """A connection that notes which tables each statement reads."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        self.tables: set[str] = set()

    def execute(self, sql: str, *parameters: Any) -> duckdb.DuckDBPyConnection:
        """Note, then execute."""
        if sql.strip().startswith(("select", "with", "from")):
            (tree,) = duckdb.execute("select json_serialize_sql(?)", [sql]).fetchone() or ("",)
            self.tables |= set(_read(json.loads(tree)))
        return self.connection.execute(sql, *parameters)


@pytest.mark.parametrize("name", list(app.PAGES))
def test_a_page_reads_what_its_exposure_names_and_nothing_else(
    reader: Reader, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    declared = yaml.safe_load((PROJECT / "models" / "exposures.yml").read_text(encoding="utf-8"))["exposures"]
    refs = {one["name"]: set(one["depends_on"]) for one in declared}
    assert {one for one in refs if one.startswith("dashboard_")} == {
        f"dashboard_{page}" for page in app.PAGES
    }
    recorded = _Recorded(reader.connection)
    monkeypatch.setattr(reader, "connection", recorded)
    module = app.PAGES[name]
    asked = [{"kpi": kpi_id} for kpi_id in SOURCES] if name == "figure" else [{}]
    for query in asked:
        monkeypatch.setattr("streamlit.query_params", query)
        for view in (view_of(reader), view_of(reader, site="sofia")):
            module.read(reader, page_of(reader, view, **query))
    read = recorded.tables - {"published_version"}
    assert {f"ref('{table}')" for table in read} == refs[f"dashboard_{name}"]


def test_a_page_puts_the_statements_that_it_says() -> None:
    groups = {group for module in app.PAGES.values() for group in module.READS}
    assert groups | {"shell"} == set(SQL)


def test_managers_see_every_page_without_the_rows_of_analysts(centre: Centre) -> None:
    with reading(centre.paths, "managers") as reader:
        assert reader.level == "managers"
        for name, module in app.PAGES.items():
            found = module.read(reader, page_of(reader, view_of(reader)))
            if name == "figure":
                assert found.rows is None
            if name == "first_contact":
                assert found.journeys is None
            if name == "agents":
                assert found.coaching is None
            if name == "data_quality":
                assert found.rows is None


# --- the file ----------------------------------------------------------------------------------


def nowhere(tmp_path: Path) -> Paths:
    """An installation in which nothing was published."""
    warehouse = tmp_path / "warehouse"
    warehouse.mkdir()
    return Paths(PROJECT, tmp_path / "landing", warehouse)


def why(paths: Paths) -> UnreadableError:
    """What the dashboard says that is wrong."""
    try:
        with reading(paths) as reader:
            _ = reader.version
            reader.put("shell", "kpis")
    except UnreadableError as error:
        return error
    raise AssertionError("It could be read.")


def test_no_file_a_damaged_one_and_one_of_another_build_are_told_apart(tmp_path: Path) -> None:
    paths = nowhere(tmp_path)
    assert (why(paths).reason, why(paths).command) == ("nothing_published", "vitals run")
    paths.published_db.write_bytes(b"no database, but long enough to look at" * 200)
    assert (why(paths).reason, why(paths).command) == ("damaged", "vitals doctor")
    paths.published_db.unlink()
    with duckdb.connect(str(paths.published_db)) as connection:
        connection.execute("create schema quality")
    assert (why(paths).reason, why(paths).detail) == ("lacks_table", "quality.published_version")
    with duckdb.connect(str(paths.published_db)) as connection:
        connection.execute(
            "create table quality.published_version as select now()::timestamp as published_at,"
            " '0' as vitals_version, null::timestamp as as_of, 'x' as dbt_invocation_id, 'EUR' as"
            " reporting_currency"
        )
    assert why(paths).reason == "lacks_table"
    assert "dim_kpi" in why(paths).detail
    assert "\n" not in why(paths).detail


def test_a_file_that_the_user_may_not_read_is_no_damaged_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = nowhere(tmp_path)
    paths.published_db.touch()
    monkeypatch.setattr(os, "access", lambda file, mode: False)
    assert why(paths).reason == "not_permitted"


def test_who_may_not_read_as_an_analyst_reads_as_a_manager(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reading(centre.paths) as reader:
        assert (reader.level, reader.file) == ("analysts", centre.paths.published_db)
    monkeypatch.setattr(os, "access", lambda file, mode: file != centre.paths.published_db)
    with reading(centre.paths) as reader:
        assert (reader.level, reader.file) == ("managers", centre.paths.published_for("managers"))
    assert LEVELS == ("analysts", "managers")


def test_readers_can_neither_write_nor_reach_other_files(reader: Reader, tmp_path: Path) -> None:
    other = tmp_path / "other.csv"
    other.write_text("a\n1\n", encoding="utf-8")
    for sql in (
        "create table marts.x (a int)",
        f"select * from read_csv('{other}')",
        f"copy (select 1) to '{tmp_path / 'out.csv'}'",
        f"attach '{tmp_path / 'new.duckdb'}'",
        "set enable_external_access = true",
    ):
        with pytest.raises(duckdb.Error):
            reader.connection.execute(sql)


def test_a_publication_is_seen_by_the_next_reader_and_changes_the_state(
    centre: Centre, tmp_path: Path
) -> None:
    mine = centre.copied(tmp_path)
    before = data.state(mine.paths)
    assert data.state(mine.paths) == before
    with reading(mine.paths) as reader:
        first = reader.version
    candidate = tmp_path / "candidate.duckdb"
    candidate.write_bytes(mine.paths.published_db.read_bytes())
    with duckdb.connect(str(candidate)) as connection:
        connection.execute("update quality.published_version set vitals_version = 'newer'")
    candidate.replace(mine.paths.published_db)
    assert data.state(mine.paths) != before
    with reading(mine.paths) as reader:
        assert (first.vitals_version == "newer", reader.version.vitals_version) == (False, "newer")


# --- CSV ---------------------------------------------------------------------------------------


def test_no_cell_of_a_csv_is_a_formula() -> None:
    hostile = ["=1+1", "+1+1", "-1+1", "@sum(a1)", "\t=1", "\r=1", " =1", "＝1"]
    for each in hostile:
        text = csv_of([{"name": each, "value": -1.5}]).decode("utf-8-sig")
        assert text.splitlines(keepends=True)[0] == "name,value\n"
        (row,) = csv.DictReader(io.StringIO(text.removeprefix("name,value\n"), newline=""), ["name", "value"])
        assert row == {"name": "'" + each.replace("\r", "\n"), "value": "-1.5"}


def test_a_csv_reads_in_spreadsheets_and_holds_figures_unrounded() -> None:
    raw = csv_of([{"име": "Montréal", "value": 1 / 3, "is_final": True, "day": date(2026, 11, 4), "x": None}])
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.decode("utf-8-sig").splitlines() == [
        "име,value,is_final,day,x",
        f"Montréal,{1 / 3},true,2026-11-04,",
    ]


def test_the_manifest_knows_the_pages(centre: Centre) -> None:
    manifest = json.loads((centre.paths.warehouse / "target" / "manifest.json").read_text(encoding="utf-8"))
    names = {one["name"] for one in manifest["exposures"].values()}
    assert {one for one in names if one.startswith("dashboard_")} == {
        f"dashboard_{page}" for page in app.PAGES
    }
