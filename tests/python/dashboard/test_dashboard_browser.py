"""The dashboard as people meet it: in a real browser, each language, by keyboard, on a telephone, offline."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser, Page, Request, expect

from centre import PROJECT, Centre
from dashboard.browser import CHROMIUM, launched, serving
from vitals.catalogue import LANGUAGES
from vitals.dashboard import app
from vitals.dashboard.words import Words
from vitals.scorecard import read_scorecard, shown_value

pytestmark = [
    pytest.mark.skipif(
        CHROMIUM is None,
        reason="no Chromium here: apt install chromium, or name one in VITALS_CHROMIUM",
    ),
    pytest.mark.slow,
]
FIRST_PAGE_SECONDS = 3.0
PUBLICATION_SECONDS = 5.0
CHARTED = ("running_day", "mix_and_trends", "first_contact", "agents", "figure")
# For what is only waited for, however busy the machine is.
expect.set_options(timeout=20_000)
# Streamlit looks below the page's own address first; it is answered at the root.
_PROBES = re.compile(r"/_stcore/(health|host-config)$")


def allowed(seconds: float) -> float:
    """A limit as it holds on a machine that is busy with nothing else."""
    return seconds * max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))


@pytest.fixture(scope="module")
def own(centre: Centre, tmp_path_factory: pytest.TempPathFactory) -> Centre:
    """The published files alone, to replace at will."""
    home = tmp_path_factory.mktemp("published")
    warehouse = home / "warehouse"
    warehouse.mkdir()
    for level in ("analysts", "managers"):
        file = centre.paths.published_for(level)
        shutil.copy(file, warehouse / file.name)
    return Centre(type(centre.paths)(PROJECT, home / "landing", warehouse), centre.truth)


@pytest.fixture(scope="module")
def address(own: Centre) -> Iterator[str]:
    """A dashboard over them."""
    with serving(own.paths.warehouse) as url:
        yield url


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all tests."""
    with launched() as opened:
        yield opened


@dataclass
class Watched:
    """A tab, the requests that left this machine, and what failed in it."""

    tab: Page
    left: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    def requested(self, request: Request) -> None:
        """Note what goes elsewhere."""
        if not request.url.startswith(("http://127.0.0.1", "ws://127.0.0.1", "data:", "blob:")):
            self.left.append(request.url)

    def open(self, url: str) -> Page:
        """Go there and wait until the page is shown, not only its frame."""
        self.tab.goto(url)
        self.shown()
        return self.tab

    def shown(self) -> None:
        """Wait until all of the page is there."""
        self.tab.wait_for_selector(".v h1, .v .message", timeout=20_000)
        expect(self.tab.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning")

    def is_clean(self) -> None:
        """No error on the page or in the console, nothing fetched from elsewhere."""
        assert self.left == []
        assert self.failed == []
        for fault in ("stException", "stAlert"):
            expect(self.tab.get_by_test_id(fault)).to_have_count(0)


@contextmanager
def tab_of(browser: Browser, width: int = 1280, height: int = 900) -> Iterator[Watched]:
    """A fresh tab without any cache."""
    context = browser.new_context(viewport={"width": width, "height": height}, locale="en-GB")
    watched = Watched(context.new_page())
    watched.tab.on("request", watched.requested)
    watched.tab.on(
        "websocket", lambda one: watched.left.append(one.url) if "127.0.0.1" not in one.url else None
    )
    watched.tab.on("pageerror", lambda error: watched.failed.append(str(error)))
    watched.tab.on(
        "response",
        lambda one: (
            watched.failed.append(one.url) if one.status >= 400 and not _PROBES.search(one.url) else None
        ),
    )
    yield watched
    context.close()


def overflow(tab: Page) -> int:
    """By how many pixels the page is wider than its window."""
    return int(
        tab.evaluate(
            "(() => { const one = document.querySelector('[data-testid=stMain]');"
            " return one.scrollWidth - one.clientWidth })()"
        )
    )


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("fr", 390), ("bg", 390)])
def test_every_page_is_shown_in_every_language_fits_its_window_and_asks_nobody_else(
    browser: Browser, address: str, language: str, width: int
) -> None:
    words = Words(language)
    with tab_of(browser, width) as watched:
        for name in app.PAGES:
            tab = watched.open(f"{address}/{'' if name == 'vital_signs' else name}?lang={language}")
            if name != "figure":
                expect(tab.locator(".v h1")).to_have_text(words(f"page.{name}"))
            if name in CHARTED:
                tab.wait_for_selector(
                    "[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg"
                )
            assert tab.locator(".v .tile, .v table").count() > 0, name
            assert overflow(tab) == 0, name
            too_small = tab.evaluate(
                "[...document.querySelectorAll('.v *')].filter(one => one.childElementCount == 0 &&"
                " one.innerText && parseFloat(getComputedStyle(one).fontSize) < 11).length"
            )
            assert too_small == 0, name
            watched.is_clean()


def test_every_language_is_tried() -> None:
    assert set(LANGUAGES) == {"en", "fr", "bg"}


def test_the_first_page_is_there_within_three_seconds(browser: Browser, address: str) -> None:
    took = []
    for _ in range(3):
        with tab_of(browser) as watched:
            started = time.monotonic()
            watched.tab.goto(address)
            watched.tab.wait_for_selector(".v .tile .value")
            took.append(time.monotonic() - started)
    assert min(took) < allowed(FIRST_PAGE_SECONDS), took


@pytest.mark.parametrize(("client", "period"), [("all", "last_7_days"), ("halcyon_bank", "last_28_days")])
def test_every_tile_shows_the_scorecards_figure(
    browser: Browser, address: str, own: Centre, client: str, period: str
) -> None:
    card = read_scorecard(own.paths.published_db, period, client)
    words = Words("en", card.currency)
    with tab_of(browser) as watched:
        tab = watched.open(f"{address}/?client={client}&period={period}")
        tiles = {
            one.get_attribute("data-kpi"): (one.get_attribute("data-value"), one.inner_text())
            for one in tab.locator(".v .tile").all()
        }
    assert set(tiles) == {sign.kpi_id for sign in card.signs}
    for sign in card.signs:
        raw, shown = tiles[sign.kpi_id]
        assert raw == ("" if sign.value is None else str(sign.value)), sign.kpi_id
        assert words.localised(shown_value(sign, card.currency)) in shown
        assert words(f"status.{sign.status}") in shown
        if sign.target is not None:
            assert words.value(sign.target, sign.unit) in shown


def test_filters_work_by_keyboard_and_stay_in_the_address(browser: Browser, address: str) -> None:
    with tab_of(browser) as watched:
        tab = watched.open(address)
        for _ in range(60):
            tab.keyboard.press("Tab")
            if tab.evaluate("document.activeElement.getAttribute('aria-label') || ''").endswith("Client"):
                break
        else:
            pytest.fail("The filter of clients cannot be reached with the Tab key.")
        tab.keyboard.type("Halcyon")
        tab.keyboard.press("Enter")
        tab.wait_for_url(re.compile(r"client=halcyon_bank"))
        expect(tab.locator(".v .context")).to_contain_text("Halcyon Bank")
        # by the menu to another page, and back to the first by its address alone
        tab.get_by_role("link", name="Costs").click()
        tab.wait_for_url(re.compile(r"/costs\?.*client=halcyon_bank"))
        expect(tab.locator(".v .context")).to_contain_text("Halcyon Bank")
        watched.open(f"{address}/?client=halcyon_bank&site=sofia")
        expect(tab.locator(".v .context")).to_contain_text("Sofia")
        tab.go_back()
        expect(tab.locator(".v h1")).to_have_text("Costs")
        watched.is_clean()


def test_an_address_that_asks_for_what_is_not_there_gets_the_whole(browser: Browser, address: str) -> None:
    with tab_of(browser) as watched:
        tab = watched.open(f"{address}/?client=nobody&period=never&lang=xx&queue=%3Cscript%3E")
        expect(tab.locator(".v .context")).to_contain_text("All clients")
        watched.is_clean()


def test_a_tile_leads_to_its_definition_and_the_rows_behind_it(
    browser: Browser, address: str, own: Centre
) -> None:
    with tab_of(browser) as watched:
        tab = watched.open(f"{address}/?client=aurora_energy")
        value = tab.locator(".tile[data-kpi=service_level]").get_attribute("data-value")
        tab.locator(".tile[data-kpi=service_level] a").click()
        tab.wait_for_url(re.compile(r"/figure\?.*kpi=service_level"))
        watched.shown()
        expect(tab.locator(".v h1")).to_have_text("Service level")
        assert tab.locator(".tile[data-kpi=service_level]").get_attribute("data-value") == value
        text = tab.get_by_test_id("stMain").inner_text()
        for said in ("Formula", "marts.kpi_service_level", "Seven readings", "Last build", "Aurora"):
            assert said in text
        ((build,),) = own.published("select dbt_invocation_id from quality.published_version")
        assert build in text
        ids = tab.locator(".v td .id").all_inner_texts()
        assert len(ids) == 25
        listed = ", ".join(f"'{one}'" for one in ids)
        ((known,),) = own.published(
            "select count(*) from marts.fct_contacts"
            f" where client = 'aurora_energy' and contact_id in ({listed})"
        )
        assert known == 25
        watched.is_clean()


def test_a_csv_can_be_had_and_holds_the_rows(
    browser: Browser, address: str, own: Centre, tmp_path: Path
) -> None:
    with tab_of(browser) as watched:
        tab = watched.open(f"{address}/costs")
        with tab.expect_download() as download:
            tab.get_by_test_id("stDownloadButton").get_by_role("button").first.click()
        file = tmp_path / "costs.csv"
        download.value.save_as(file)
    lines = file.read_text(encoding="utf-8-sig").splitlines()
    assert lines[0].startswith("name,member,numerator,denominator,value")
    ((sites,),) = own.published(
        "select count(distinct site) from marts.kpi_values where kpi_id = 'cost_per_contact' and day between"
        " (select min(period_start_date) from marts.rpt_scorecard where period = 'last_7_days') and"
        " (select max(period_end_date) from marts.rpt_scorecard where period = 'last_7_days')"
    )
    assert len(lines) == 1 + sites


def test_the_sla_report_is_one_file_that_needs_nothing_else(
    browser: Browser, address: str, own: Centre, tmp_path: Path
) -> None:
    with tab_of(browser) as watched:
        tab = watched.open(f"{address}/sla_report?client=halcyon_bank")
        with tab.expect_download() as download:
            tab.get_by_role("button", name="Report as one HTML file").click()
        file = tmp_path / "report.html"
        download.value.save_as(file)
        text = file.read_text(encoding="utf-8")
        assert "<a " not in text
        assert "<script" not in text
        tab.goto(file.as_uri())
        rows = tab.locator("tbody tr").count()
        pdf = tab.pdf()
        assert pdf.startswith(b"%PDF")
    ((promises,),) = own.published(
        "select count(*) from marts.rpt_sla_report where client = 'halcyon_bank' and month ="
        " (select min(month) from marts.rpt_sla_report)"
    )
    assert rows == promises


def republish(file: Path, statement: str) -> None:
    """Put another version in a published file's place, as a publication does it."""
    candidate = file.with_suffix(".candidate")
    shutil.copy(file, candidate)
    with duckdb.connect(str(candidate)) as connection:
        connection.execute(statement)
    candidate.chmod(0o640)
    candidate.replace(file)


def test_a_publication_shows_within_five_seconds_without_a_reload(
    browser: Browser, address: str, own: Centre
) -> None:
    with tab_of(browser) as watched:
        tab = watched.open(f"{address}/?client=aurora_energy")
        tab.evaluate("window.untouched = true")
        republish(
            own.paths.published_db,
            "update quality.published_version set published_at = timestamp '2031-02-03 04:05:06';"
            " update marts.rpt_scorecard set value = 0.123 where kpi_id = 'service_level'",
        )
        limit = allowed(PUBLICATION_SECONDS) * 1000
        expect(tab.locator(".v .context")).to_contain_text("3 Feb 2031", timeout=limit)
        expect(tab.locator(".tile[data-kpi=service_level] .value")).to_contain_text("12.3")
        assert tab.evaluate("window.untouched") is True
        watched.is_clean()


def test_managers_are_told_in_words_what_their_file_does_not_hold(browser: Browser, own: Centre) -> None:
    with serving(own.paths.warehouse, "--level", "managers") as url, tab_of(browser) as watched:
        for path in ("agents", "first_contact", "data_quality", "figure?kpi=handle_time"):
            tab = watched.open(f"{url}/{path}")
            expect(tab.locator(".v .message").last).to_contain_text("vitals dashboard --level analysts")
            assert tab.locator(".v td .id").count() == 0
        watched.is_clean()


def test_a_missing_a_damaged_and_a_first_file_each_show_by_themselves(
    browser: Browser, own: Centre, tmp_path: Path
) -> None:
    warehouse = tmp_path / "warehouse"
    warehouse.mkdir()
    file = warehouse / own.paths.published_db.name
    with serving(warehouse, "--language", "fr") as url, tab_of(browser) as watched:
        tab = watched.open(url)
        message = tab.locator(".v .message")
        expect(message).to_contain_text("Rien n'est encore publié")
        expect(message).to_contain_text("vitals run")
        file.write_bytes(b"not a database " * 500)
        expect(message).to_contain_text("ne peut être lu", timeout=allowed(PUBLICATION_SECONDS) * 1000)
        expect(message).to_contain_text("vitals doctor")
        candidate = tmp_path / "candidate.duckdb"
        shutil.copy(own.paths.published_db, candidate)
        candidate.replace(file)
        expect(tab.locator(".v h1")).to_have_text(
            "Signes vitaux", timeout=allowed(PUBLICATION_SECONDS) * 1000
        )
        republish(file, "delete from marts.rpt_scorecard; delete from marts.kpi_values")
        expect(message).to_contain_text(
            "ne contient aucune période", timeout=allowed(PUBLICATION_SECONDS) * 1000
        )
        watched.is_clean()


def test_ctrl_c_ends_it_while_a_page_is_open(browser: Browser, own: Centre) -> None:
    with tab_of(browser) as watched:
        with serving(own.paths.warehouse) as url:
            watched.open(url)
            started = time.monotonic()
        assert time.monotonic() - started < allowed(10)


def test_a_port_that_is_taken_is_told_with_the_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ran = subprocess.run(
            [sys.executable, "-m", "vitals", "dashboard", "--no-open", "--port", port],
            cwd=PROJECT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert ran.returncode == 1
    assert f"Port {port} of 127.0.0.1 cannot be had" in ran.stderr
    assert "--port" in ran.stderr
