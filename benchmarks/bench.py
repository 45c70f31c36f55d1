"""Measures the warehouse side by side with other ways to the same figures, and writes RESULTS.md.

`make bench`, or `make bench BENCH='--contacts 100000 --only floor,pandas'`. Every step runs in a process of
its own on the same files, one at a time; what each gives is compared before its time counts.
"""

from __future__ import annotations

import argparse
import getpass
import json
import os
import platform
import re
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import psutil

HERE = Path(__file__).parent
PROJECT = HERE.parent
SEEDS = PROJECT / "seeds"
VITALS = PROJECT / ".venv" / "bin" / "vitals"
RESULTS = HERE / "RESULTS.md"
STEPS = ("generate", "build", "floor", "pandas", "polars", "postgres", "queries", "start", "day", "live")
SIZES = (1_000_000, 3_000_000, 10_000_000)
DAYS = 365
_SAMPLE_SECONDS = 0.2
_RUNS = 25
# What the floor computes, too: what the warehouse spends on the way there is told apart.
_FLOOR_MARTS = (
    "agg_contacts_daily",
    "agg_queue_intervals",
    "kpi_service_level",
    "kpi_speed_of_answer",
    "kpi_abandonment_rate",
    "kpi_handle_time",
    "kpi_first_contact_resolution",
    "kpi_repeat_contact_rate",
)
_LIVE_CONTACTS = 1_000
_SLOW_MS = 50
_MIB = 1 << 20
Json = dict[str, Any]


class UnfitError(Exception):
    """A step that gave other figures, failed, or took longer than it may."""


# --- measuring ---------------------------------------------------------------------------------


def measured(
    command: list[str | Path],
    limit: float,
    log: Path,
    env: dict[str, str] | None = None,
    ok: tuple[int, ...] = (0,),
) -> Json:
    """Runs a command; wall and CPU seconds, and the peak of the memory of all its processes together.

    Args:
        limit: seconds after which it is ended.
        log: where its output goes.
        ok: exit codes that are no failure.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    load = os.getloadavg()[0]
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as out:
        process = subprocess.Popen(
            [str(each) for each in command],
            stdout=out,
            stderr=subprocess.STDOUT,
            env=os.environ | (env or {}),
        )
        peak, done = [0], threading.Event()
        watcher = threading.Thread(target=_watch, args=(process.pid, peak, done))
        watcher.start()
        timer = threading.Timer(limit, _end, args=(process.pid,))
        timer.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            # Whoever interrupts the benchmark interrupts its step.
            _end(process.pid)
            raise
        finally:
            timer.cancel()
            done.set()
            watcher.join()
    wall = time.monotonic() - started
    code = os.waitstatus_to_exitcode(status)
    process.returncode = code
    if wall >= limit:
        raise UnfitError(f"not done after {limit / 60:.0f} minutes")
    if code not in ok:
        raise UnfitError(f"exit code {code}: {log.read_text(encoding='utf-8')[-400:].strip()}")
    return {
        "wall": wall,
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": peak[0],
        "load": load,
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _watch(pid: int, peak: list[int], done: threading.Event) -> None:
    while not done.wait(_SAMPLE_SECONDS):
        try:
            parent = psutil.Process(pid)
            family = [parent, *parent.children(recursive=True)]
        except psutil.NoSuchProcess:
            return
        total = 0
        for each in family:
            try:
                total += each.memory_info().rss
            except psutil.Error:
                continue
        peak[0] = max(peak[0], total)


def _end(pid: int) -> None:
    try:
        parent = psutil.Process(pid)
        for each in [*parent.children(recursive=True), parent]:
            each.terminate()
    except psutil.NoSuchProcess:
        return


# --- steps -------------------------------------------------------------------------------------


class Bench:
    """One size: its folder, its files, its results so far."""

    def __init__(self, work: Path, contacts: int, limit: float, seed: int, live_files: int) -> None:
        self.contacts, self.limit, self.seed, self.live_files = contacts, limit, seed, live_files
        self.home = work / str(contacts)
        self.landing, self.warehouse = self.home / "landing", self.home / "warehouse"
        self.floor_db, self.typed = self.home / "floor.duckdb", self.home / "contacts.parquet"
        self.home.mkdir(parents=True, exist_ok=True)
        self._file = self.home / "results.json"
        self.results: Json = json.loads(self._file.read_text()) if self._file.exists() else {}

    def run(self, step: str) -> None:
        """Runs a step and keeps what it measured, or why it did not come to an end."""
        print(f"{self.contacts:,} contacts: {step}", flush=True)
        try:
            steps: dict[str, Callable[[], Json]] = {name: getattr(self, f"_{name}") for name in STEPS}
            self.results[step] = steps[step]()
        except UnfitError as error:
            self.results[step] = {"failed": str(error)}
            print(f"  {error}", flush=True)
        self._file.write_text(json.dumps(self.results, indent=1, default=str))

    def _env(self, landing: Path | None = None) -> dict[str, str]:
        return {
            "VITALS_LANDING": str(landing or self.landing),
            "VITALS_WAREHOUSE": str(self.warehouse),
            # A benchmark's customers do not exist.
            "VITALS_SALT": "benchmark",
        }

    def _vitals(
        self, *arguments: str, name: str, ok: tuple[int, ...] = (0,), landing: Path | None = None
    ) -> Json:
        log = self.home / f"{name}.log"
        return measured([VITALS, *arguments], self.limit, log, self._env(landing), ok)

    def _simulate(self, name: str, *more: str, landing: Path | None = None) -> Json:
        size = ("--contacts", str(self.contacts), "--days", str(DAYS), "--seed", str(self.seed))
        return self._vitals("simulate", "--bulk", *size, *more, name=name, landing=landing)

    def _generate(self) -> Json:
        for folder in (self.landing, self.warehouse):
            shutil.rmtree(folder, ignore_errors=True)
        found = self._simulate("generate")
        files = list(self.landing.rglob("*.parquet"))
        rows = sum(
            duckdb.execute(
                "select sum(num_rows) from parquet_file_metadata(?)", [str(folder / "*.parquet")]
            ).fetchall()[0][0]
            for folder in {each.parent for each in files}
        )
        return found | {
            "files": len(files),
            "bytes": sum(each.stat().st_size for each in files),
            "rows": int(rows),
        }

    def _build(self) -> Json:
        shutil.rmtree(self.warehouse, ignore_errors=True)
        # 4: done, with alerts.
        found = self._vitals("run", name="build", ok=(0, 4))
        slowest = _node_seconds(self.warehouse)
        return (
            found
            | self._sizes()
            | {
                "code": _code(),
                "steps": _steps(self.home / "build.log"),
                "nodes": slowest[:15],
                "shares": _shares(self.warehouse),
            }
        )

    def _sizes(self) -> Json:
        published = sum(each.stat().st_size for each in self.warehouse.glob("vitals*.duckdb"))
        raw = sum(each.stat().st_size for each in (self.warehouse / "raw").rglob("*.parquet"))
        return {"work": (self.warehouse / "work.duckdb").stat().st_size, "published": published, "raw": raw}

    def _floor(self) -> Json:
        """By hand, in DuckDB: first from the exports to contacts, then from these to the figures."""
        self.floor_db.unlink(missing_ok=True)
        normalise = measured(
            [sys.executable, __file__, "--floor", self.home, "contacts"], self.limit, self.home / "floor.log"
        )
        figures = measured(
            [sys.executable, __file__, "--floor", self.home, "core"], self.limit, self.home / "core.log"
        )
        return {"contacts": normalise, "core": figures, "checked": self._check_marts()}

    def _check_marts(self) -> Json:
        """Compares the floor's tables with the marts, row by row, where there is a build."""
        published = self.warehouse / "vitals.duckdb"
        if "failed" in self.results.get("build", {"failed": ""}) or not published.exists():
            return {"marts": "not compared: no build"}
        with duckdb.connect(str(self.floor_db), read_only=True) as connection:
            connection.execute(f"attach '{published}' as built (read_only)")
            return {
                "daily": _same(connection, "daily", "built.marts.agg_contacts_daily"),
                "intervals": _same(
                    connection,
                    "(select interval_start as interval_start_at, * exclude (interval_start) from intervals)",
                    "built.marts.agg_queue_intervals",
                ),
                "kpis": _same(
                    connection,
                    "kpis",
                    "(select * from built.marts.kpi_values where kpi_id in (select kpi_id from kpis))",
                ),
            }

    def _frames(self, name: str) -> Json:
        if not self.typed.exists():
            raise UnfitError("the step floor makes its file")
        out = self.home / name
        out.mkdir(exist_ok=True)
        found = measured(
            [sys.executable, HERE / f"with_{name}.py", self.typed, out], self.limit, self.home / f"{name}.log"
        )
        return found | {"checked": self._check_floor(lambda table: f"read_parquet('{out / table}.parquet')")}

    def _check_floor(self, relation: Callable[[str], str], prepare: str = "") -> Json:
        with duckdb.connect(str(self.floor_db), read_only=True) as connection:
            if prepare:
                connection.execute(prepare)
            return {
                table: _same(connection, relation(table), table) for table in ("daily", "intervals", "kpis")
            }

    def _pandas(self) -> Json:
        return self._frames("pandas")

    def _polars(self) -> Json:
        return self._frames("polars")

    def _postgres(self) -> Json:
        if not self.typed.exists():
            raise UnfitError("the step floor makes its file")
        with _postgres_server(self.home / "postgres") as server:
            csv = self.home / "contacts.csv"
            duckdb.execute(f"copy (from '{self.typed}') to '{csv}' (header)")
            columns = duckdb.execute(f"describe from '{self.typed}'").fetchall()
            kinds = {
                "VARCHAR": "text",
                "BIGINT": "bigint",
                "DATE": "date",
                "TIMESTAMP": "timestamp",
                "BOOLEAN": "boolean",
            }
            create = ", ".join(f"{name} {kinds[kind]}" for name, kind, *_ in columns)
            load = server.sql(
                f"create table contacts ({create}); \\copy contacts from '{csv}' (format csv,"
                f" header)\nanalyze contacts;",
                self.limit,
                self.home / "postgres-load.log",
            )
            core = server.sql((HERE / "core.sql").read_text(), self.limit, self.home / "postgres.log")
            out = self.home / "postgres-out"
            out.mkdir(exist_ok=True)
            for table in ("daily", "intervals", "kpis"):
                server.sql(
                    f"\\copy {table} to '{out / table}.csv' (format csv, header)",
                    self.limit,
                    self.home / "out.log",
                )
            csv.unlink()
        return {
            "load": load,
            "core": core,
            "version": server.version,
            "checked": self._check_floor(lambda table: f"read_csv('{out / table}.csv')"),
        }

    def _queries(self) -> Json:
        published = self.warehouse / "vitals.duckdb"
        if not published.exists():
            raise UnfitError("the step build makes the database")
        found: Json = {
            "load": os.getloadavg()[0],
            "at": datetime.now(UTC).isoformat(timespec="seconds"),
            "asked": [],
        }
        with duckdb.connect(str(published), read_only=True) as connection:
            day = connection.execute(
                "select max(day) from marts.kpi_values where is_final and kpi_id = 'service_level'"
            ).fetchall()[0][0]
            for name, mart, raw in _questions(str(day)):
                row: Json = {
                    "name": name,
                    "same": connection.execute(mart).fetchall() == connection.execute(raw).fetchall(),
                }
                for kind, sql in (("mart", mart), ("raw", raw)):
                    times = sorted(_times(connection, sql))
                    row[kind] = {
                        "p50": statistics.median(times),
                        "p95": times[round(0.95 * (len(times) - 1))],
                    }
                if row["mart"]["p95"] > _SLOW_MS:
                    row["plan"] = connection.execute(f"explain analyze {mart}").fetchall()[0][1]
                found["asked"].append(row)
        return found

    def _start(self) -> Json:
        """What a run costs with hardly any data and nothing new: dbt's start, and its work for each node."""
        home = self.home / "start"
        shutil.rmtree(home, ignore_errors=True)
        env = self._env(home / "landing") | {"VITALS_WAREHOUSE": str(home / "warehouse")}
        log = self.home / "start.log"
        size = ("--contacts", "1000", "--days", "7", "--seed", str(self.seed))
        for command in (["simulate", "--bulk", *size], ["run"]):
            measured([VITALS, *command], self.limit, log, env, (0, 4))
        return measured([VITALS, "run"], self.limit, log, env, (0, 4))

    def _day(self) -> Json:
        """One more day on top of the year, by a plain second run."""
        if "failed" in self.results.get("build", {"failed": ""}):
            raise UnfitError("the step build makes the year")
        contacts = max(1, self.contacts // DAYS)
        self._simulate("day-generate", "--further", str(contacts))
        found = self._vitals("run", name="day", ok=(0, 4))
        return found | {
            "contacts": contacts,
            "steps": _steps(self.home / "day.log"),
            "nodes": _node_seconds(self.warehouse)[:15],
        }

    def _live(self) -> Json:
        """Files of new contacts, one by one, with `vitals watch` at work: how soon readers see each."""
        if "failed" in self.results.get("build", {"failed": ""}):
            raise UnfitError("the step build makes the history")
        files = self._live_files()
        published = self.warehouse / "vitals.duckdb"
        load, deadline = os.getloadavg()[0], time.monotonic() + self.limit
        with (self.home / "live.log").open("w", encoding="utf-8") as out:
            before = published.stat().st_ino
            watch = subprocess.Popen(
                [VITALS, "watch"], stdout=out, stderr=subprocess.STDOUT, env=os.environ | self._env()
            )
            try:
                # The first round builds everything, and makes the process warm.
                _wait(lambda: published.stat().st_ino != before, deadline, watch)
                seconds = []
                for file in files:
                    ids = duckdb.execute(
                        "select distinct ContactId from read_parquet(?)", [str(file)]
                    ).fetchall()
                    contact = f"amazon_connect:{ids[0][0]}"
                    started = time.monotonic()
                    file.rename(self.landing / "amazon_connect" / "contact_records" / file.name)
                    _wait(lambda contact=contact: _reads(published, contact), deadline, watch)  # type: ignore[misc]
                    seconds.append(time.monotonic() - started)
                    if time.monotonic() > deadline - 60:
                        break
            finally:
                watch.send_signal(signal.SIGTERM)
                try:
                    watch.wait(timeout=120)
                except subprocess.TimeoutExpired:
                    _end(watch.pid)
        return {"load": load, "seconds": seconds, "median": statistics.median(seconds), "code": _code()}

    def _live_files(self) -> list[Path]:
        """Files of as many new contacts each as `_LIVE_CONTACTS`, of the day after the history."""
        apart = self.home / "live"
        shutil.rmtree(apart, ignore_errors=True)
        # Of four contacts more than one comes through this platform; the step before brought a day of them.
        further = max(1, self.contacts // DAYS) + 4 * self.live_files * _LIVE_CONTACTS
        self._simulate("live-generate", "--further", str(further), landing=apart)
        records = apart / "amazon_connect" / "contact_records"
        whole = next(records.glob("*.parquet"))
        # The step before may have brought some of that day.
        known = self.landing / "amazon_connect" / "contact_records" / "*.parquet"
        made = []
        for number in range(self.live_files):
            made.append(apart / f"live-{number:02}.parquet")
            # A contact that was never transferred stands in one record, which names it.
            duckdb.execute(
                f"copy (select * from read_parquet('{whole}') where PreviousContactId is null"
                f" and NextContactId is null"
                f" and ContactId not in (select ContactId from read_parquet('{known}'))"
                f" order by ContactId limit {_LIVE_CONTACTS}"
                f" offset {number * _LIVE_CONTACTS}) to '{made[-1]}' (format parquet)"
            )
        return made


def _wait(is_so: Callable[[], bool], deadline: float, process: subprocess.Popen[bytes]) -> None:
    while not is_so():
        if process.poll() is not None:
            raise UnfitError(f"vitals watch ended with code {process.returncode}")
        if time.monotonic() > deadline:
            raise UnfitError("not seen in time")
        time.sleep(0.1)


def _reads(published: Path, contact: str) -> bool:
    """Whether a reader who connects now finds a contact."""
    with duckdb.connect(str(published), read_only=True) as connection:
        return bool(
            connection.execute("select 1 from marts.fct_contacts where contact_id = ?", [contact]).fetchone()
        )


def _shares(warehouse: Path) -> Json:
    """Seconds of nodes: models on the way to what the floor computes, other models and seeds, tests."""
    manifest = json.loads((warehouse / "target" / "manifest.json").read_text())
    waiting = [f"model.{manifest['metadata']['project_name']}.{name}" for name in _FLOOR_MARTS]
    way: set[str] = set()
    while waiting:
        key = waiting.pop()
        if key not in way:
            way.add(key)
            waiting += manifest["parent_map"].get(key, [])
    shares = {"floor": 0.0, "models": 0.0, "tests": 0.0}
    for node in json.loads((warehouse / "target" / "run_results.json").read_text())["results"]:
        kind = node["unique_id"].split(".", 1)[0]
        share = "floor" if node["unique_id"] in way else "tests" if kind == "test" else "models"
        shares[share] += float(node["execution_time"])
    return shares


def _same(connection: duckdb.DuckDBPyConnection, ours: str, theirs: str) -> str:
    """Compares the columns of a table with those of the same name in another; tells how they differ."""
    columns = [each[0] for each in connection.execute(f"describe from {ours}").fetchall()]
    kinds = {each[0]: each[1] for each in connection.execute(f"describe from {ours}").fetchall()}
    numbers = ("INT", "DOUBLE", "DECIMAL", "FLOAT")
    # Counts and seconds are told in other types from tool to tool.
    shown = ", ".join(
        f"cast({name} as decimal(28, 3))"
        if any(each in kinds[name] for each in numbers)
        else f"cast({name} as {'timestamp' if name.startswith('interval_start') else 'varchar'})"
        for name in columns
    )
    rows, more, less = connection.execute(
        f"select (select count(*) from {ours}), "
        f"(select count(*) from (select {shown} from {ours} except all select {shown} from {theirs})), "
        f"(select count(*) from (select {shown} from {theirs} except all select {shown} from {ours}))"
    ).fetchall()[0]
    if more or less:
        raise UnfitError(
            f"other figures than {theirs}: of {rows:,} rows {more:,} differ, {less:,} the other way round"
        )
    return f"{rows:,} rows equal"


def floor(home: Path, part: str) -> None:
    """A part of the floor, in this process."""
    with duckdb.connect(str(home / "floor.duckdb"), config={"threads": os.cpu_count()}) as connection:
        if part == "contacts":
            connection.execute("set variable landing = ?", [str(home / "landing")])
            connection.execute("set variable seeds = ?", [str(SEEDS)])
            connection.execute((HERE / "floor.sql").read_text())
            connection.execute(f"copy contacts to '{home / 'contacts.parquet'}' (format parquet)")
        else:
            # From the same file as the others.
            connection.execute("drop table if exists contacts")
            connection.execute(f"create view contacts as from '{home / 'contacts.parquet'}'")
            connection.execute((HERE / "core.sql").read_text())


def _steps(log: Path) -> dict[str, float]:
    """Seconds of each step that `vitals run` tells."""
    text = log.read_text(encoding="utf-8")
    return {
        name.strip(): float(seconds.replace(",", ""))
        for name, seconds in re.findall(r"✓ (.+?) +([\d.,]+) s", text)
    }


def _code() -> str:
    """The commit that was measured, and the files that differ from it."""
    git = ["git", "-C", str(PROJECT)]
    commit = subprocess.run(
        [*git, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.strip()
    changed = subprocess.run(
        [*git, "diff", "--name-only", "HEAD"], capture_output=True, text=True, check=False
    ).stdout.split()
    code = [each for each in changed if each.startswith(("models/", "macros/", "scripts/", "seeds/"))]
    changes = f" with changes to {', '.join(code)}" if code else ""
    return f"commit {commit or 'unknown'}{changes}"


def _node_seconds(warehouse: Path) -> list[tuple[str, float]]:
    found = json.loads((warehouse / "target" / "run_results.json").read_text())["results"]
    nodes = [(each["unique_id"].split(".", 2)[-1], float(each["execution_time"])) for each in found]
    return sorted(nodes, key=lambda node: -node[1])


def _questions(day: str) -> Iterator[tuple[str, str, str]]:
    for block in (HERE / "questions.sql").read_text().split("-- name: ")[1:]:
        name, rest = block.split("\n", 1)
        _, mart, raw = re.split(r"-- (?:mart|raw)\n", rest)
        yield name, mart.replace("{day}", day), raw.replace("{day}", day)


def _times(connection: duckdb.DuckDBPyConnection, sql: str) -> Iterator[float]:
    """Milliseconds of each of the runs."""
    for _ in range(_RUNS):
        started = time.perf_counter()
        connection.execute(sql).fetchall()
        yield 1000 * (time.perf_counter() - started)


# --- PostgreSQL --------------------------------------------------------------------------------


class _Server:
    def __init__(self, programs: Path, socket: Path, user: str, postmaster: int) -> None:
        self._psql, self._socket, self._user, self._postmaster = programs / "psql", socket, user, postmaster
        self.version = subprocess.run(
            [str(self._psql), "--version"], capture_output=True, text=True, check=True
        ).stdout.split()[2]

    def sql(self, text: str, limit: float, log: Path) -> Json:
        """Runs SQL; what the server's processes took counts, not the client's."""
        script = self._socket / "script.sql"
        script.write_text(text)
        command = [self._psql, "-h", self._socket, "-p", "54329", "-U", self._user, "-d", "postgres", "-q"]
        peak, done, before = [0], threading.Event(), self._cpu()
        watcher = threading.Thread(target=_watch, args=(self._postmaster, peak, done))
        watcher.start()
        try:
            found = measured([*command, "-v", "ON_ERROR_STOP=1", "-f", script], limit, log)
            # The postmaster knows what a process took once it has waited for it.
            time.sleep(0.5)
        finally:
            done.set()
            watcher.join()
        return found | {"cpu": self._cpu() - before, "peak": peak[0]}

    def _cpu(self) -> float:
        server = psutil.Process(self._postmaster)
        own = server.cpu_times()
        return own.user + own.system + own.children_user + own.children_system


@contextmanager
def _postgres_server(home: Path) -> Iterator[_Server]:
    """A server of our own on 127.0.0.1, stopped at the end."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        raise UnfitError("PostgreSQL is not installed: apt-get install postgresql")
    programs = found[-1].parent
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    prefix: list[str] = []
    user = getpass.getuser()
    if os.geteuid() == 0:
        # The server refuses to run as root; its user must reach the folder.
        user = "postgres"
        prefix = ["runuser", "-u", user, "--"]
        shutil.chown(home, user)
    data = home / "data"
    subprocess.run(
        [*prefix, programs / "initdb", "-D", data, "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        capture_output=True,
    )
    memory = psutil.virtual_memory().total // _MIB
    settings = {
        "port": "54329",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": str(home),
        "shared_buffers": f"{memory // 4}MB",
        "work_mem": f"{memory // 16}MB",
        "maintenance_work_mem": f"{memory // 16}MB",
        "max_wal_size": "8GB",
        "synchronous_commit": "off",
        "jit": "off",
    }
    with (data / "postgresql.conf").open("a") as file:
        file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
    control: list[str | Path] = [*prefix, programs / "pg_ctl", "-D", data, "-w"]
    subprocess.run([*control, "-l", home / "server.log", "start"], check=True, stdout=subprocess.DEVNULL)
    try:
        postmaster = int((data / "postmaster.pid").read_text().splitlines()[0])
        yield _Server(programs, home, user, postmaster)
    finally:
        subprocess.run([*control, "-m", "fast", "stop"], check=True, stdout=subprocess.DEVNULL)
        shutil.rmtree(home, ignore_errors=True)


# --- results -----------------------------------------------------------------------------------


def report(benches: list[Bench], limit: float) -> str:
    """RESULTS.md, all of it measured."""
    memory = psutil.virtual_memory().total / _MIB / 1024
    lines = [
        "# Benchmarks",
        "",
        "Written by `make bench`; every figure is measured. Ratios travel to other machines, seconds do not.",
        "",
        f"- Machine: {_processor()}, {os.cpu_count()} cores, {memory:.0f} GiB memory, {platform.system()}"
        f" {platform.release()}.",
        f"- Python {platform.python_version()}, DuckDB {duckdb.__version__}, pandas {version('pandas')}, "
        f"Polars {version('polars')}{_postgres_version(benches)}.",
        "- Data: `vitals simulate --bulk`, a year of contacts from four platforms as Parquet.",
        "- Wall is elapsed time, CPU is user and system time of a step and its child processes, memory the"
        " highest sum of the"
        f" resident memory of all its processes, sampled every {_SAMPLE_SECONDS} s. Load is the system's"
        f" load average of one"
        " minute when the step began: what is above the step's own work was others'.",
        f"- A step that takes longer than {limit / 60:.0f} minutes is ended and told.",
        "",
        *_shared(benches),
        *_goals(benches),
        "## The whole warehouse: `vitals run` from nothing",
        "",
        "| contacts | rows | exports | wall | CPU | memory | raw | work database | published | load |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
        *(_build_line(each) for each in benches if "build" in each.results),
        "",
        *_growth(benches),
        *_step_tables(benches),
        "## The same figures by other means",
        "",
        "The core measures of `agg_contacts_daily` and `agg_queue_intervals`, and numerators and denominators"
        " of `kpi_values` for"
        " service level, speed of answer, abandonment, handle time, first-contact resolution and repeat"
        " contact rate, with the"
        " flags of repeats. The floor is SQL by hand in DuckDB, without dbt, tests, quarantine, hashes and"
        " everything else that"
        " the warehouse holds: `floor.sql` makes contacts of the exports, `core.sql` the"
        " figures. pandas, Polars"
        " and PostgreSQL are given the contacts that `floor.sql` made. Equal means row by row, every column.",
        "",
    ]
    for bench in benches:
        lines += _others(bench)
    lines += [
        "## One more day on top of the year",
        "",
        "A second `vitals run` with one day more in landing. A start is a run with 1,000 contacts and nothing"
        " new: dbt reads the project and works through its nodes.",
        "",
    ]
    lines += [
        "| contacts | added | wall | CPU | of the full build's wall | of its CPU | CPU of a start | load |",
        "|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_day_line(each) for each in benches if "day" in each.results]
    live = [each for each in benches if "live" in each.results]
    if live:
        lines += [
            "",
            "## The running day",
            "",
            f"Seconds from the moment that a file of {_LIVE_CONTACTS:,} new contacts lies in landing until a"
            " reader who connects finds them, with `vitals watch` at work.",
            "",
            "| contacts | files | median | least | most | load |",
            "|---:|---:|---:|---:|---:|---:|",
        ]
        lines += [_live_line(each) for each in live]
    lines += ["", "## What a dashboard asks", ""]
    lines += [
        f"Milliseconds over {_RUNS} runs in one connection to the published file; `raw` asks"
        f" `fct_contacts` the same.",
        "",
    ]
    for bench in benches:
        lines += _query_table(bench)
    return "\n".join(lines).rstrip() + "\n"


def _goals(benches: list[Bench]) -> list[str]:
    """What was aimed at, beside what the largest size measured says."""
    measured_here = [each for each in benches if "wall" in each.results.get("build", {})]
    if not measured_here:
        return []
    bench = measured_here[-1]
    found = bench.results
    build = found["build"]
    rows = [("memory of a full build under 12 GiB", _size(build["peak"]), build["peak"] < 12 * 1024 * _MIB)]
    if "core" in found.get("floor", {}):
        ratio = build["cpu"] / (found["floor"]["contacts"]["cpu"] + found["floor"]["core"]["cpu"])
        rows.append(("full build at most 1.3 times the floor's CPU", f"{ratio:.1f} times", ratio <= 1.3))
        others = {
            "pandas": (found.get("pandas", {}), 10.0),
            "Polars": (found.get("polars", {}), 1.0),
            "PostgreSQL": (found.get("postgres", {}).get("core", {}), 10.0),
        }
        for name, (other, least) in others.items():
            if "cpu" in other:
                ratio = other["cpu"] / found["floor"]["core"]["cpu"]
                goal = f"at least {least:.0f} times as fast as {name}" if least > 1 else f"faster than {name}"
                told = f"SQL by hand in DuckDB: {ratio:.1f} times, contacts to figures"
                rows.append((goal, told, ratio >= least))
    if "cpu" in found.get("day", {}):
        start = found.get("start", {}).get("cpu", 0.0)
        share = max(0.0, found["day"]["cpu"] - start) / build["cpu"]
        told = f"{share:.0%}" + (f" and {_time(start)} of a start" if start else ", with the start in it")
        rows.append(("one more day at most 3 % of a full build's CPU and a start", told, share <= 0.03))
    if "median" in found.get("live", {}):
        median = found["live"]["median"]
        rows.append(("a new file visible within 10 s, by the median", f"{median:.1f} s", median < 10))
    if "asked" in found.get("queries", {}):
        slowest = max(each["mart"]["p95"] for each in found["queries"]["asked"])
        told = f"the slowest: {slowest:.1f} ms"
        rows.append((f"every dashboard question within {_SLOW_MS} ms at p95", told, slowest <= _SLOW_MS))
    return [
        f"## Goals, at {bench.contacts:,} contacts",
        "",
        "| goal | measured | |",
        "|---|---|---|",
        *(f"| {goal} | {told} | {'met' if is_met else 'missed'} |" for goal, told, is_met in rows),
        "",
    ]


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def _postgres_version(benches: list[Bench]) -> str:
    found = [
        each.results["postgres"]["version"]
        for each in benches
        if "version" in each.results.get("postgres", {})
    ]
    return f", PostgreSQL {found[-1]}" if found else ""


def _shared(benches: list[Bench]) -> list[str]:
    loads = [value for each in benches for value in _values(each.results, "load")]
    if loads and max(loads) > (os.cpu_count() or 1):
        return [
            f"**The machine was shared**: loads of up to {max(loads):.1f} on {os.cpu_count()} cores."
            f" Compare CPU rather than"
            " wall time.",
            "",
        ]
    return []


def _values(tree: Any, key: str) -> Iterator[float]:
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key and isinstance(value, int | float):
                yield value
            else:
                yield from _values(value, key)


def _build_line(bench: Bench) -> str:
    found, made = bench.results["build"], bench.results.get("generate", {})
    if "failed" in found:
        return f"| {bench.contacts:,} | {_first_line(found['failed'])} |||||||||"
    return (
        f"| {bench.contacts:,} | {made.get('rows', 0):,} | {_size(made.get('bytes', 0))} |"
        f" {_time(found['wall'])} |"
        f" {_time(found['cpu'])} | {_size(found['peak'])} | {_size(found['raw'])} | {_size(found['work'])} |"
        f" {_size(found['published'])} | {found['load']:.1f} |"
    )


def _growth(benches: list[Bench]) -> list[str]:
    built = [each for each in benches if "wall" in each.results.get("build", {})]
    codes = [(each.contacts, each.results["build"].get("code", "commit not noted")) for each in built]
    lines = [f"{contacts:,} contacts: {code}.  " for contacts, code in codes]
    lines += [""] if lines else []
    for small, large in pairwise(built):
        a, b = small.results["build"], large.results["build"]
        lines.append(
            f"{large.contacts / small.contacts:.1f} times the contacts take {b['cpu'] / a['cpu']:.1f}"
            f" times the CPU,"
            f" {b['wall'] / a['wall']:.1f} times the wall time, {b['peak'] / a['peak']:.1f} times the"
            f" memory and"
            f" {b['work'] / a['work']:.1f} times the work database."
        )
    return [*lines, ""] if lines else []


def _step_tables(benches: list[Bench]) -> list[str]:
    built = [each for each in benches if "steps" in each.results.get("build", {})]
    if not built:
        return []
    names = list(built[-1].results["build"]["steps"])
    lines = [
        "Seconds of its steps:",
        "",
        "| contacts | " + " | ".join(names) + " |",
        "|---:" * (len(names) + 1) + "|",
    ]
    for each in built:
        steps = each.results["build"]["steps"]
        lines.append(
            f"| {each.contacts:,} | " + " | ".join(f"{steps.get(name, 0):.1f}" for name in names) + " |"
        )
    largest = built[-1]
    lines += ["", "Seconds of its nodes, of which two run at a time:", ""]
    lines += [
        "| contacts | models on the way to what the floor computes | all other models | data tests |",
        "|---:|---:|---:|---:|",
    ]
    for each in built:
        shares = each.results["build"].get("shares", {})
        told = " | ".join(f"{shares.get(name, 0):.0f}" for name in ("floor", "models", "tests"))
        lines.append(f"| {each.contacts:,} | {told} |")
    lines += [
        "",
        f"The slowest nodes of the build at {largest.contacts:,} contacts:",
        "",
        "| node | seconds |",
        "|---|---:|",
    ]
    lines += [f"| `{name}` | {seconds:.1f} |" for name, seconds in largest.results["build"]["nodes"]]
    return [*lines, ""]


def _others(bench: Bench) -> list[str]:
    rows: list[tuple[str, Json, str]] = []
    found = bench.results
    if "build" in found:
        rows.append(("Vitals: everything, tested and published", found["build"], ""))
    floor = found.get("floor", {})
    if "core" in floor:
        checked = ", ".join(f"{name}: {said}" for name, said in floor["checked"].items())
        both = {key: floor["contacts"][key] + floor["core"][key] for key in ("wall", "cpu")}
        both |= {
            "peak": max(floor["contacts"]["peak"], floor["core"]["peak"]),
            "load": floor["contacts"]["load"],
        }
        rows.append(("Floor: exports to figures", both, checked))
        rows.append(("Floor: contacts to figures", floor["core"], ""))
    elif floor:
        rows.append(("Floor", floor, ""))
    for name, shown in (("pandas", "pandas: contacts to figures"), ("polars", "Polars: contacts to figures")):
        if name in found:
            rows.append((shown, found[name], _checked(found[name])))
    postgres = found.get("postgres", {})
    if "core" in postgres:
        rows.append(("PostgreSQL: loading the contacts", postgres["load"], ""))
        rows.append(("PostgreSQL: contacts to figures", postgres["core"], _checked(postgres)))
    elif postgres:
        rows.append(("PostgreSQL", postgres, ""))
    if not rows:
        return []
    base = floor.get("core", {})
    whole = rows[1][1] if "core" in floor and "build" in found else {}
    lines = [f"### {bench.contacts:,} contacts", ""]
    if whole and "wall" in found["build"]:
        lines += [
            f"The whole warehouse takes {found['build']['cpu'] / whole['cpu']:.1f} times the CPU and"
            f" {found['build']['wall'] / whole['wall']:.1f} times the wall time of the floor.",
            "",
        ]
    lines += [
        "| | wall | CPU | CPU ÷ floor's contacts to figures | memory | load | equal |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    for name, row, checked in rows:
        if "failed" in row:
            lines.append(f"| {name} | {_first_line(row['failed'])} |||||")
            continue
        ratio = f"{row['cpu'] / base['cpu']:.1f}" if base and "contacts to figures" in name else ""
        lines.append(
            f"| {name} | {_time(row['wall'])} | {_time(row['cpu'])} | {ratio} | {_size(row['peak'])} |"
            f" {row['load']:.1f} | {checked} |"
        )
    return [*lines, ""]


def _checked(row: Json) -> str:
    return ", ".join(f"{name}: {said}" for name, said in row.get("checked", {}).items())


def _day_line(bench: Bench) -> str:
    found, full = bench.results["day"], bench.results.get("build", {})
    if "failed" in found:
        return f"| {bench.contacts:,} | {_first_line(found['failed'])} |||||||"
    return (
        f"| {bench.contacts:,} | {found['contacts']:,} | {_time(found['wall'])} | {_time(found['cpu'])} |"
        f" {found['wall'] / full['wall']:.0%} | {found['cpu'] / full['cpu']:.0%} |"
        f" {_time(bench.results['start']['cpu']) if 'cpu' in bench.results.get('start', {}) else ''} |"
        f" {found['load']:.1f} |"
    )


def _live_line(bench: Bench) -> str:
    found = bench.results["live"]
    if "failed" in found:
        return f"| {bench.contacts:,} | {_first_line(found['failed'])} |||||"
    seconds = found["seconds"]
    return (
        f"| {bench.contacts:,} | {len(seconds)} | {found['median']:.1f} | {min(seconds):.1f} |"
        f" {max(seconds):.1f} | {found['load']:.1f} |"
    )


def _query_table(bench: Bench) -> list[str]:
    found = bench.results.get("queries", {})
    if "asked" not in found:
        return [f"### {bench.contacts:,} contacts", "", _first_line(found["failed"]), ""] if found else []
    lines = [f"### {bench.contacts:,} contacts (load {found['load']:.1f})", ""]
    lines += [
        "| question | marts p50 | p95 | raw p50 | p95 | raw ÷ marts | same answer |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    slow = []
    for each in found["asked"]:
        mart, raw = each["mart"], each["raw"]
        lines.append(
            f"| {each['name']} | {mart['p50']:.1f} | {mart['p95']:.1f} | {raw['p50']:.1f} |"
            f" {raw['p95']:.1f} |"
            f" {raw['p50'] / mart['p50']:.1f} | {'yes' if each['same'] else 'NO'} |"
        )
        if mart["p95"] > _SLOW_MS:
            slow.append(f"{each['name']} ({mart['p95']:.0f} ms): {_heaviest(each['plan'])}")
    lines.append("")
    if slow:
        lines += [
            f"Above {_SLOW_MS} ms at p95, and the heaviest operators of the plan:",
            "",
            *(f"- {each}" for each in slow),
            "",
        ]
    else:
        lines += [f"Every question is answered within {_SLOW_MS} ms at p95.", ""]
    return lines


def _heaviest(plan: str) -> str:
    """The operators of a plan that take longest, with their rows."""
    boxes = re.findall(r"│\s+([A-Z_]+)\s+│(?:(?!┌)[\s\S])*?([\d,]+) rows?\s+│\s*\n?[^\n]*?([\d.]+)s", plan)
    ranked = sorted(((float(seconds), name, rows) for name, rows, seconds in boxes), reverse=True)[:2]
    return (
        ", ".join(f"{name} {1000 * seconds:.0f} ms of CPU, {rows} rows" for seconds, name, rows in ranked)
        or "see its plan"
    )


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0].replace("|", "/") if text.strip() else "failed"


def _time(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _size(amount: float) -> str:
    return f"{amount / _MIB:.0f} MiB" if amount < 1024 * _MIB else f"{amount / _MIB / 1024:.1f} GiB"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Measures Vitals beside other ways to the same figures.")
    parser.add_argument(
        "--contacts", type=int, action="append", help="a size; may be repeated (1, 3 and 10 million)"
    )
    parser.add_argument("--only", default=",".join(STEPS), help=f"steps, of {','.join(STEPS)}")
    parser.add_argument("--limit-minutes", type=float, default=60, help="of one step")
    parser.add_argument(
        "--work", type=Path, default=PROJECT / "target" / "bench", help="folder for files and results"
    )
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--live-files", type=int, default=20, help="of the step live")
    parser.add_argument("--floor", nargs=2, metavar=("HOME", "PART"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.floor:
        floor(Path(asked.floor[0]), asked.floor[1])
        return
    # Nothing at all writes the results anew, of what was measured before.
    wanted = [step for step in asked.only.split(",") if step]
    if unknown := set(wanted) - set(STEPS):
        parser.error(f"unknown step {', '.join(sorted(unknown))}: use some of {','.join(STEPS)}")
    limit = asked.limit_minutes * 60
    benches = [
        Bench(asked.work.resolve(), size, limit, asked.seed, asked.live_files)
        for size in asked.contacts or SIZES
    ]
    for bench in benches:
        for step in STEPS:
            if step in wanted:
                bench.run(step)
        RESULTS.write_text(report(benches, limit), encoding="utf-8")
    print(f"Written: {RESULTS}")


if __name__ == "__main__":
    main()
