"""The dashboard in a real Superset: every figure against the marts, on DuckDB and on PostgreSQL.

`make test-superset` runs it, in minutes; its name keeps it out of `make test`.
"""

from __future__ import annotations

import json
import secrets
import shutil
import socket
import subprocess
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
import yaml
from playwright.sync_api import Browser, Page, Request

import bundle
from centre import PROJECT, Centre
from dashboard.browser import CHROMIUM, launched
from postgres_server import PASSWORD, Server
from vitals import dbt_build
from vitals.postgres import Target, publish_to_postgres
from vitals.publish import LEVELS

PYTHON = PROJECT / "bi" / "superset" / ".venv" / "bin" / "python"
CHARTS = {
    one["slice_name"]: one
    for one in (
        yaml.safe_load(file.read_text(encoding="utf-8")) for file in (bundle.ASSETS / "charts").glob("*.yaml")
    )
}
# Seconds in which a Superset makes its tables and starts, on a machine where others work, too.
STARTS_WITHIN = 900
ANSWERS_WITHIN = 120

pytestmark = [
    pytest.mark.skipif(not PYTHON.exists(), reason="Superset is not installed: make test-superset"),
    pytest.mark.skipif(
        CHROMIUM is None, reason="no Chromium here: apt install chromium, or name one in VITALS_CHROMIUM"
    ),
]


# --- a Superset ------------------------------------------------------------------------------------


@dataclass
class Superset:
    """A running one, and its administrator."""

    address: str
    password: str
    session: requests.Session = field(default_factory=requests.Session)

    def __post_init__(self) -> None:
        login = {"username": "admin", "password": self.password, "provider": "db", "refresh": False}
        token = self.answer("POST", "/api/v1/security/login", json=login)["access_token"]
        self.session.headers["Authorization"] = f"Bearer {token}"
        self.session.headers["X-CSRFToken"] = self.answer("GET", "/api/v1/security/csrf_token/")["result"]
        self.session.headers["Referer"] = self.address

    def request(self, method: str, path: str, **given: Any) -> requests.Response:
        """What it says, be it an error."""
        return self.session.request(method, self.address + path, timeout=ANSWERS_WITHIN, **given)

    def answer(self, method: str, path: str, **given: Any) -> Any:
        """What it answers; it must."""
        said = self.request(method, path, **given)
        assert said.ok, f"{path}: {said.status_code} {said.text[:1000]}"
        return said.json()

    def bring(self, uri: str) -> None:
        """Import the bundle as docs/bi.md has it for a Superset that is there."""
        files = {"bundle": ("vitals.zip", bundle.zipped(bundle.contents(uri)), "application/zip")}
        assert self.answer("POST", "/api/v1/assets/import/", files=files) == {"message": "OK"}

    def sql_lab(self, sql: str) -> requests.Response:
        """What a user of SQL Lab gets."""
        (database,) = self.answer("GET", "/api/v1/database/")["result"]
        return self.request(
            "POST",
            "/api/v1/sqllab/execute/",
            json={
                "database_id": database["id"],
                "sql": sql,
                "schema": "marts",
                "runAsync": False,
                "client_id": secrets.token_hex(5),
            },
        )


@contextmanager
def serving(home: Path, database: str) -> Iterator[Superset]:
    """`make superset` over a database, on a port of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(PYTHON), str(PROJECT / "bi" / "superset" / "serve.py")]
    command += ["--home", str(home), "--port", str(port), "--database", database]
    said = home.with_name(f"{port}.log")
    with said.open("w") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=home.parent) as server:
        address = f"http://127.0.0.1:{port}"
        try:
            deadline = time.monotonic() + STARTS_WITHIN
            while True:
                try:
                    if requests.get(f"{address}/health", timeout=5).ok:
                        break
                except requests.RequestException:
                    assert server.poll() is None, said.read_text()
                    assert time.monotonic() < deadline, said.read_text()
                time.sleep(1)
            password = (home / "admin_password").read_text()
            yield Superset(address, password)
        finally:
            server.terminate()
            server.wait(60)
    text = said.read_text()
    assert f"{address}/superset/dashboard/vitals/" in text
    assert "Log in as admin; the password stands in" in text
    assert password not in text


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("superset") / "home"


@pytest.fixture(scope="module")
def published(centre: Centre, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The managers' file, to replace at will."""
    return Path(
        shutil.copy(centre.paths.published_for("managers"), tmp_path_factory.mktemp("published") / "m.duckdb")
    )


@pytest.fixture(scope="module")
def superset(home: Path, published: Path) -> Iterator[Superset]:
    with serving(home, str(published)) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with launched() as opened:
        yield opened


@pytest.fixture(scope="module")
def in_postgres(centre: Centre, server: Server) -> str:
    """The centre in a database, as its address for a login that may read as managers do."""
    database = server.new_database()
    publish_to_postgres(
        {level: centre.paths.published_for(level) for level in LEVELS},
        dbt_build.read_manifest(centre.paths),
        Target.of(server.url(database, "publisher", PASSWORD)),
    )
    login = f"dashboards_{database}"
    server.rows(f"create role {login} login in role vitals_managers")
    server.rows(f"alter role {login} in database {database} set default_transaction_read_only = on")
    return server.url(database, login)


# --- the dashboard as people open it -----------------------------------------------------------------


@dataclass
class Opened:
    """What the page asked for each chart and got, and what it tried to fetch from elsewhere."""

    asked: dict[str, Any]
    got: dict[str, list[dict[str, Any]]]
    left: list[str]
    refused: list[str]


def opened(browser: Browser, superset: Superset, filters: Mapping[str, str] | None = None) -> Opened:
    """Log in, open the dashboard with some filters chosen, and wait for every chart."""
    seen = Opened({}, {}, [], [])
    context = browser.new_context(viewport={"width": 1500, "height": 4000}, locale="en-GB")
    context.set_default_timeout(ANSWERS_WITHIN * 1000)
    page = context.new_page()

    def is_elsewhere(request: Request) -> bool:
        return not request.url.startswith((superset.address, "data:", "blob:"))

    page.on("request", lambda one: seen.left.append(one.url) if is_elsewhere(one) else None)
    page.on(
        "requestfailed",
        lambda one: seen.refused.append(one.url) if is_elsewhere(one) and one.failure == "csp" else None,
    )
    page.goto(f"{superset.address}/login/")
    page.fill("#username", "admin")
    page.fill("#password", superset.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/login" not in url)
    ids = {one["id"]: one["slice_name"] for one in listed(superset)}
    answers: list[Any] = []
    page.on("response", lambda one: answers.append(one) if "/api/v1/chart/data" in one.url else None)
    page.goto(f"{superset.address}/superset/dashboard/vitals/{_chosen(filters or {})}")
    _await_charts(page, answers, ids)
    for response in answers:
        asked = json.loads(response.request.post_data)
        if name := ids.get(asked["form_data"].get("slice_id")):
            assert response.ok, f"{name}: {response.text()[:1000]}"
            (result,) = response.json()["result"]
            seen.asked[name], seen.got[name] = asked, result["data"]
    context.close()
    return seen


def _await_charts(page: Page, answers: Sequence[Any], ids: Mapping[int, str]) -> None:
    deadline = time.monotonic() + STARTS_WITHIN
    while time.monotonic() < deadline:
        page.wait_for_timeout(500)
        asked = [json.loads(one.request.post_data)["form_data"].get("slice_id") for one in answers]
        if set(ids) <= set(asked):
            page.wait_for_timeout(2000)
            return
    raise AssertionError(f"asked for {len(set(asked) & set(ids))} of {len(ids)} charts")


def _chosen(filters: Mapping[str, str]) -> str:
    """What the address says once these are chosen on the left (rison)."""
    if not filters:
        return ""
    parts = []
    for name, value in filters.items():
        data = (
            f"time_range:'{value}'" if name == "period" else f"filters:!((col:{name},op:IN,val:!('{value}')))"
        )
        shown = f"value:'{value}'" if name == "period" else f"label:'{value}',value:!('{value}')"
        key = f"NATIVE_FILTER-{name}"
        parts.append(f"{key}:(extraFormData:({data}),filterState:({shown}),id:{key},ownState:())")
    return "?native_filters=" + urllib.parse.quote(f"({','.join(parts)})")


def import_by_page(superset: Superset, uri: str) -> None:
    """As the page Import does it, with a zip of its kind."""
    files = {"formData": ("vitals.zip", bundle.zipped(bundle.contents(uri, "page")), "application/zip")}
    said = superset.answer("POST", "/api/v1/dashboard/import/", files=files, data={"overwrite": "true"})
    assert said == {"message": "OK"}


def listed(superset: Superset) -> list[dict[str, Any]]:
    """The charts that it has."""
    found: list[dict[str, Any]] = superset.answer("GET", "/api/v1/chart/?q=(page_size:100)")["result"]
    return found


def assert_refused(superset: Superset, sql: str) -> None:
    """SQL Lab refuses it, and shows nothing of the secret file."""
    said = superset.sql_lab(sql)
    assert not said.ok, sql
    assert "sesame" not in said.text, sql


# --- what the marts say --------------------------------------------------------------------------------

Cells = dict[tuple[Any, ...], float | None]


def cells(chart: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Cells:
    """What a chart shows, by metric and what it is told by."""
    params = chart["params"]
    keys = [*([params["x_axis"]] if "x_axis" in params else ()), *params.get("groupby", ())]
    metrics = params.get("metrics") or [params["metric"]]
    is_pivoted = "x_axis" in params and bool(params["groupby"])
    found: Cells = {}
    for row in rows:
        key = tuple(_day(row[name]) if name == "day" else row[name] for name in keys if name in row)
        for column, value in row.items():
            if column not in keys:
                cell = (metrics[0], *key, column) if is_pivoted else (column, *key)
                assert cell not in found
                found[cell] = None if value is None else float(value)
    return found


def _day(value: float) -> date:
    return datetime.fromtimestamp(value / 1000, UTC).date()


def expected(published: Centre, chart: Mapping[str, Any], chosen: Mapping[str, str]) -> Cells:
    """The same from the marts of the single KPIs, from the targets and from the contacts themselves."""
    params = chart["params"]
    keys = [*([params["x_axis"]] if "x_axis" in params else ()), *params.get("groupby", ())]
    week = params.get("time_grain_sqla") == "P1W"
    by = ["cast(date_trunc('week', day) as date)" if week and key == "day" else key for key in keys]
    kept = [
        f"day >= '{value.split(' : ')[0]}' and day < '{value.split(' : ')[1]}'"
        if name == "period"
        else f"{name} = '{value}'"
        for name, value in chosen.items()
    ]
    kept += [f"{one['subject']} is not null" for one in params["adhoc_filters"] if "NOT" in one["operator"]]
    found: Cells = {}
    for metric in params.get("metrics") or [params["metric"]]:
        where = " and ".join(["true", *kept])
        if metric == "target":
            (kpi,) = (one["comparator"] for one in params["adhoc_filters"] if one["subject"] == "kpi_id")
            if set(chosen) - {"client", "period"}:
                continue
            scope = "true" if "client" in chosen else "client = 'all'"
            source = (
                f"select max(target) as value, {', '.join(by)} from marts.fct_targets_in_force"
                f" where kpi_id = '{kpi}' and queue = 'all' and channel = 'all' and {scope} and {where}"
                " group by all having min(target) = max(target)"
            )
        elif metric == "sum_contacts_count":
            source = (
                f"select nullif(count(*), 0) as value, {', '.join(by) or 'true'}"
                " from (select *, arrived_date as day from marts.fct_contacts where is_in_scope)"
                f" where {where} group by all"
            )
        else:
            source = (
                f"select sum(numerator) / nullif(sum(denominator), 0) as value, {', '.join(by) or 'true'}"
                f" from marts.kpi_{metric} where day is not null and {where} group by all"
                " having value is not null"
            )
        rows = [row for row in published.published(source) if row[0] is not None]
        whole: dict[Any, float] = {}
        if mode := params.get("contributionMode"):
            for row in rows:
                part = row[1] if mode == "row" else None
                whole[part] = whole.get(part, 0) + row[0]
        for row in rows:
            share = whole[row[1] if mode == "row" else None] if mode else 1
            found[(metric, *(row[1:] if by else ()))] = float(row[0]) / share
    return found


def compare(published: Centre, got: Mapping[str, Any], chosen: Mapping[str, str]) -> int:
    """Every figure of every chart against the marts; how many there were."""
    assert set(got) == set(CHARTS)
    compared = 0
    for name, rows in got.items():
        shown = {key: value for key, value in cells(CHARTS[name], rows).items() if value is not None}
        wanted = expected(published, CHARTS[name], chosen)
        if CHARTS[name]["params"].get("contributionMode"):
            # a channel without a contact in a week is a share of 0
            shown = {key: value for key, value in shown.items() if value or key in wanted}
        assert shown == pytest.approx(wanted, rel=1e-9), (name, chosen)
        compared += len(shown)
    return compared


def sliced(superset: Superset, asked: Mapping[str, Any], chosen: Mapping[str, str]) -> dict[str, Any]:
    """What each chart gets when its own question, as the page put it, is put with filters beside."""
    found = {}
    for name, question in asked.items():
        again = json.loads(json.dumps(question))
        for column, value in chosen.items():
            again["queries"][0]["filters"].append({"col": column, "op": "IN", "val": [value]})
        (result,) = superset.answer("POST", "/api/v1/chart/data", json=again)["result"]
        found[name] = result["data"]
    return found


SLICES: tuple[dict[str, str], ...] = (
    {"site": "lyon"},
    {"queue": "halcyon_cards"},
    {"channel": "voice"},
    {"client": "meridian_travel", "channel": "voice"},
)
CHOSEN = {"client": "aurora_energy", "period": "2026-10-14 : 2026-10-28"}


@pytest.fixture(scope="module")
def on_duckdb(superset: Superset, browser: Browser) -> Opened:
    return opened(browser, superset)


def test_every_figure_on_duckdb_is_the_marts(centre: Centre, on_duckdb: Opened, superset: Superset) -> None:
    assert compare(centre, on_duckdb.got, {}) > 200
    for chosen in SLICES:
        assert compare(centre, sliced(superset, on_duckdb.asked, chosen), chosen) > 50


def test_the_filters_on_the_left_reach_every_chart(
    centre: Centre, superset: Superset, browser: Browser
) -> None:
    assert compare(centre, opened(browser, superset, CHOSEN).got, CHOSEN) > 50


def test_nothing_is_fetched_from_elsewhere(on_duckdb: Opened, superset: Superset) -> None:
    # The page counts its viewers elsewhere, or tries to: the browser refuses before anything is sent.
    assert on_duckdb.left == on_duckdb.refused
    policy = superset.request("GET", "/login/").headers["Content-Security-Policy"]
    assert "://" not in policy


def test_sql_lab_neither_writes_nor_reads_the_servers_files(superset: Superset, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("word\nsesame\n")
    written = tmp_path / "written.csv"
    read = superset.sql_lab("select count(*) as n from marts.kpi_values")
    assert read.ok, read.text
    for sql in (
        f"select * from read_csv('{secret}')",
        f"select * from read_text('{secret}')",
        f"select * from '{secret}'",
        f"select * from glob('{tmp_path}/*')",
        f"copy (select 1) to '{written}'",
        f"copy marts.kpi_values to '{written}'",
        f"export database '{written}'",
        f"attach '{written}' as other",
        "set enable_external_access = true",
        "reset enable_external_access",
        "install httpfs",
        "load httpfs",
        "create table marts.mine (n int)",
        "update marts.kpi_values set numerator = 0",
        "drop table marts.kpi_values",
    ):
        assert_refused(superset, sql)
    assert not written.exists()


def test_a_publication_shows_with_the_next_question(
    superset: Superset, on_duckdb: Opened, published: Path, centre: Centre
) -> None:
    name = "Customer satisfaction"
    assert sliced(superset, {name: on_duckdb.asked[name]}, {})[name][0]["csat"] > 0
    newer = Path(shutil.copy(published, published.with_suffix(".new")))
    with duckdb.connect(str(newer)) as connection:
        connection.execute("update marts.kpi_values set numerator = 0 where kpi_id = 'csat'")
    try:
        newer.replace(published)
        assert sliced(superset, {name: on_duckdb.asked[name]}, {})[name] == [{"csat": 0.0}]
    finally:
        shutil.copy(centre.paths.published_for("managers"), newer)
        newer.replace(published)


def test_every_figure_on_postgresql_is_the_marts(
    centre: Centre, superset: Superset, browser: Browser, in_postgres: str, tmp_path: Path
) -> None:
    before = {one["id"] for one in listed(superset)}
    superset.bring(bundle.database_uri(in_postgres))
    assert {one["id"] for one in listed(superset)} == before
    shown = opened(browser, superset)
    assert compare(centre, shown.got, {}) > 200
    for chosen in SLICES:
        assert compare(centre, sliced(superset, shown.asked, chosen), chosen) > 50
    (database,) = superset.answer("GET", "/api/v1/database/")["result"]
    assert database["backend"] == "postgresql"
    assert superset.sql_lab("select count(*) as n from marts.kpi_values").ok
    secret = tmp_path / "secret.csv"
    secret.write_text("word\nsesame\n")
    secret.chmod(0o644)
    for sql in (
        f"select pg_read_file('{secret}')",
        f"copy (select 1) to '{tmp_path / 'written.csv'}'",
        f"copy (select 1) to program 'touch {tmp_path / 'written.csv'}'",
        "create table mine (n int)",
        "create temporary table mine (n int)",
        "update marts.kpi_values set numerator = 0",
        "select * from marts.fct_contacts",
    ):
        assert_refused(superset, sql)
    assert not (tmp_path / "written.csv").exists()


def test_run_again_it_takes_the_new_database_and_keeps_what_users_made(
    home: Path, superset: Superset, centre: Centre
) -> None:
    (one, *_) = (chart for chart in listed(superset) if chart["slice_name"] == "Contacts")
    superset.answer("PUT", f"/api/v1/chart/{one['id']}", json={"slice_name": "Changed by hand"})
    mine = {"datasource_id": 1, "datasource_type": "table", "slice_name": "Mine", "params": "{}"}
    superset.answer("POST", "/api/v1/chart/", json=mine)
    with serving(home, str(centre.paths.published_for("managers"))) as again:
        assert again.password == superset.password
        assert {chart["slice_name"] for chart in listed(again)} == {*CHARTS, "Mine"}
        import_by_page(again, bundle.database_uri(str(centre.paths.published_for("analysts"))))
        assert {chart["slice_name"] for chart in listed(again)} == {*CHARTS, "Mine"}
        (database,) = again.answer("GET", "/api/v1/database/")["result"]
        assert database["backend"] == "duckdb"
    for name in ("secret_key", "admin_password"):
        assert (home / name).stat().st_mode & 0o777 == 0o600
    assert home.stat().st_mode & 0o777 == 0o700
