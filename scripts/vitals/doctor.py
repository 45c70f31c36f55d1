"""What is wrong with an installation, and the remedy: `vitals doctor`.

Facts are gathered at the edge; each check is a function of them that returns findings. A check that breaks is
a finding itself, so that a broken warehouse is told of, too.
"""

from __future__ import annotations

import fcntl
import importlib.metadata
import json
import os
import re
import shutil
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from vitals import __version__, dbt_build, pipeline, runs
from vitals.landing.store import read_ledger
from vitals.landing.survey import survey
from vitals.paths import Paths
from vitals.publish import published_version
from vitals.streams import load_streams

GOOD, WARNING, BAD = "✓", "⚠", "✗"
# A publication writes the candidate beside the published files, and dbt rewrites tables beside the old ones.
NEEDED_FACTOR = 2
LEAST_FREE_BYTES = 200 << 20
# A file that has been waiting, or being written, or left behind, for longer than this.
OLD = timedelta(hours=1)
# Clocks of two machines may differ by this much.
CLOCK_SLACK = timedelta(minutes=5)
SHOWN = 3


@dataclass(frozen=True)
class Finding:
    """A verdict (✓, ⚠ or ✗) of one check: what was found, and what to do."""

    check: str
    verdict: str
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class Holder:
    """Who holds a lock or has a file open. alive: None where it cannot be told."""

    pid: int | None
    alive: bool | None
    command: str = ""
    since: datetime | None = None


def examine(paths: Paths, now: datetime | None = None) -> list[Finding]:
    """Every check, in the order in which one would look.

    Args:
        paths: the installation; any part of it may be missing or broken.
        now: the clock's time, UTC with its zone; None is the present.
    """
    moment = now or datetime.now(UTC)
    checks: Mapping[str, Callable[[], Finding | Iterable[Finding]]] = {
        "lock": lambda: check_lock(lock_holder(paths)),
        "disk": lambda: check_disk(_free(paths.warehouse), _sizes(paths), paths.warehouse),
        "landing": lambda: check_landing(waiting(paths), _unknown(paths), _refused(paths), moment),
        "clock": lambda: check_clock(_newest_moments(paths), moment),
        "versions": lambda: check_versions(_pinned(paths.project), _installed),
        "published version": lambda: check_published(_published(paths), paths.published_db, moment),
        "salt": lambda: check_salt(_salt_mode(paths), bool(os.environ.get("VITALS_SALT"))),
        "raw files": lambda: check_raw(unreadable_raw(paths)),
        "leftovers": lambda: check_leftovers(_leftovers(paths, moment)),
        "forgetting": lambda: check_forgetting((paths.warehouse / ".forget.key").exists()),
        "work database": lambda: check_work(*work_problem(paths)),
        "last run": lambda: check_last_run(runs.history(paths), lock_holder(paths) is not None),
        "project": lambda: check_project(_manifest_time(paths), _newest_source(paths.project)),
    }
    findings: list[Finding] = []
    for name, check in checks.items():
        try:
            result = check()
            findings += [result] if isinstance(result, Finding) else result
        except Exception as error:
            told = str(error).strip().splitlines()
            what = f"{type(error).__name__}{': ' + told[0] if told else ''}"
            remedy = getattr(error, "remedy", "") or "Look at what it names; the other checks do not need it."
            findings.append(Finding(name, BAD, f"it could not be checked: {what}", remedy))
    return findings


# --- checks: facts in, findings out ------------------------------------------------------------


def check_lock(holder: Holder | None) -> Finding:
    """Whether a pipeline is at work, or one that has ended still stands in the way."""
    if holder is None:
        return Finding("lock", GOOD, "no pipeline is at work")
    since = f" since {holder.since:%Y-%m-%d %H:%M} UTC" if holder.since else ""
    if holder.alive is False:
        return Finding(
            "lock",
            BAD,
            f"held for process {holder.pid}, which has ended: a process that it started still lives{since}",
            "Find it (`fuser warehouse/.lock`) and stop it; the lock is free at once.",
        )
    what = f" ({holder.command})" if holder.command else ""
    return Finding(
        "lock",
        WARNING,
        f"held by pid {holder.pid}{what}{since}",
        f"Wait until it has finished. If it hangs: kill {holder.pid}; what is published stays.",
    )


def check_disk(free: int, sizes: Mapping[str, int], warehouse: Path) -> Finding:
    """Whether the next publication has room: it writes the work and the published files anew (bytes)."""
    needed = max(LEAST_FREE_BYTES, NEEDED_FACTOR * sum(sizes.values()))
    found = f"{_bytes(free)} free, the next run may need {_bytes(needed)}"
    if free >= needed:
        return Finding("disk", GOOD, found)
    verdict = BAD if free < max(LEAST_FREE_BYTES, sum(sizes.values())) else WARNING
    return Finding(
        "disk",
        verdict,
        found,
        f"Free some space where {warehouse} lies, or set VITALS_WAREHOUSE to a larger disk.",
    )


def check_landing(
    new: Mapping[str, datetime], unknown: Mapping[str, str], refused: Sequence[str], now: datetime
) -> Iterable[Finding]:
    """Files that wait (path -> when it changed last), folders of no stream (-> the likely one), refusals."""
    old = {name: changed for name, changed in new.items() if now - changed > OLD}
    partial = [name for name in old if name.lower().endswith((".tmp", ".part", ".crdownload"))]
    waiting_long = [name for name in old if name not in partial]
    problems = []
    if waiting_long:
        oldest = min(old[name] for name in waiting_long)
        problems.append(
            Finding(
                "landing",
                WARNING,
                f"{len(waiting_long)} not landed, the oldest of {oldest:%Y-%m-%d %H:%M} UTC: "
                f"{_some(waiting_long)}",
                "Run `vitals run`, and see that its timer does.",
            )
        )
    if partial:
        problems.append(
            Finding(
                "landing",
                WARNING,
                f"being written for more than an hour: {_some(partial)}",
                "See whether the transfer broke off; send the file again, or remove it.",
            )
        )
    if refused:
        problems.append(
            Finding(
                "landing",
                BAD,
                f"{len(refused)} refused: {_some(refused)}",
                "`vitals land` says why and what to do for each.",
            )
        )
    if unknown:
        hints = [f"{name}{f' (meant {hint}?)' if hint else ''}" for name, hint in unknown.items()]
        problems.append(
            Finding(
                "landing",
                WARNING,
                f"folders that no stream declares: {_some(hints)}",
                "Move their files to <platform>/<stream>/ of a declared stream.",
            )
        )
    if not problems:
        fresh = f"; {len(new)} came within the hour" if new else ""
        return [Finding("landing", GOOD, f"every file has landed{fresh}")]
    return problems


def check_clock(newest: Mapping[str, datetime], now: datetime) -> Finding:
    """Whether anything is dated later than the clock shows."""
    ahead = {what: when for what, when in newest.items() if when - now > CLOCK_SLACK}
    if not ahead:
        return Finding("clock", GOOD, f"{now:%Y-%m-%d %H:%M} UTC, and nothing is dated later")
    what, when = max(ahead.items(), key=lambda item: item[1])
    return Finding(
        "clock",
        BAD,
        f"it shows {now:%Y-%m-%d %H:%M} UTC, but {what} is of {when:%Y-%m-%d %H:%M} UTC",
        "Set the clock (`timedatectl`). If it is right, the data is dated in the future: "
        "look for the records, or report with --as-of.",
    )


def check_versions(pinned: Mapping[str, str], installed: Callable[[str], str | None]) -> Finding:
    """Whether the packages that requirements.txt pins are those that are installed."""
    found = {name: installed(name) for name in pinned}
    missing = [name for name, version in found.items() if version is None]
    other = [
        f"{name} {version} (pinned {pinned[name]})"
        for name, version in found.items()
        if version and version != pinned[name]
    ]
    remedy = "Run: .venv/bin/python -m pip install -r requirements.txt"
    if missing:
        return Finding("versions", BAD, f"not installed: {_some(missing)}", remedy)
    if other:
        return Finding("versions", WARNING, f"others than tested: {_some(other)}", remedy)
    return Finding("versions", GOOD, f"vitals {__version__} and {len(pinned)} packages as pinned")


def check_published(published: tuple[datetime, str] | None, file: Path, now: datetime) -> Finding:
    """When and by which version the published file was written; None = there is none."""
    if published is None:
        return Finding("published file", WARNING, f"{file.name} does not exist", "Run `vitals run`.")
    at, version = published
    age = f"published {at:%Y-%m-%d %H:%M} UTC, {_age(now - at)} ago"
    if version != __version__:
        return Finding(
            "published file",
            WARNING,
            f"{age}, by vitals {version}; this is {__version__}",
            "Run `vitals run`: the next publication is of this version.",
        )
    return Finding("published file", GOOD, f"{age}, by vitals {version}")


def check_salt(mode: int | None, is_in_environment: bool) -> Finding:
    """Whether the salt is there (mode of the key file, None = no file), and nobody else can read it."""
    if is_in_environment:
        return Finding("salt", GOOD, "VITALS_SALT is set")
    if mode is None:
        return Finding(
            "salt",
            WARNING,
            "neither VITALS_SALT nor a key file is there",
            "Run `vitals salt`, once. Where files were landed before, put the salt of then back instead:"
            " another one makes other hashes.",
        )
    if mode & 0o077:
        return Finding(
            "salt",
            BAD,
            f"others can read the key file (mode {mode:04o})",
            "Run: chmod 600 warehouse/salt.key",
        )
    return Finding("salt", GOOD, f"key file with mode {mode:04o}")


def check_raw(problems: Mapping[str, str]) -> Finding:
    """Whether each raw file that the ledger counts is there, readable and whole (landed file -> problem)."""
    if not problems:
        return Finding("raw files", GOOD, "all that the ledger counts are there and readable")
    told = [f"{name} ({problem})" for name, problem in problems.items()]
    return Finding(
        "raw files",
        BAD,
        f"{len(problems)} of them are not as they landed: {_some(told)}",
        "Remove what is unreadable and run `vitals land`: each that is still in landing lands anew.",
    )


def check_leftovers(files: Sequence[str]) -> Finding:
    """Half-written files that a crash left behind; none of them is ever read."""
    if not files:
        return Finding("leftovers", GOOD, "none")
    return Finding(
        "leftovers",
        WARNING,
        f"{len(files)} half-written: {_some(files)}",
        "Remove them when no pipeline is at work: nothing reads them.",
    )


def check_forgetting(is_unfinished: bool) -> Finding:
    """Whether a person was forgotten by half: the key of the tokens goes when all is done."""
    if not is_unfinished:
        return Finding("forgetting", GOOD, "nobody is forgotten by half")
    return Finding(
        "forgetting",
        WARNING,
        "`vitals forget` did not finish: a file of landing still holds the person, or it was stopped",
        "Call it once more with the same identifiers; see docs/forgetting.md.",
    )


def check_work(problem: str | None, holder: Holder | None) -> Finding:
    """Whether dbt can open the work database."""
    if problem is None:
        return Finding("work database", GOOD, "it can be opened, or there is none yet")
    if holder is not None:
        return Finding(
            "work database",
            WARNING,
            f"open in pid {holder.pid} ({holder.command})",
            "Close it there, or wait when that is a pipeline. To look at data, open vitals.duckdb instead.",
        )
    return Finding(
        "work database",
        BAD,
        f"it cannot be opened: {problem}",
        "Remove work.duckdb and run `vitals run`: it is made anew from the raw files.",
    )


def check_last_run(history: Sequence[Mapping[str, Any]], is_at_work: bool) -> Finding:
    """How the last run ended."""
    if not history:
        return Finding("last run", WARNING, "nothing ran yet", "Run `vitals run`.")
    last = history[-1]
    at = f"{last['command']} of {last['started_at']:%Y-%m-%d %H:%M} UTC"
    match last["result"]:
        case "ok":
            return Finding("last run", GOOD, f"{at}: ok")
        case "running" if is_at_work:
            return Finding("last run", GOOD, f"{at}: still at work")
        case "running" | "unfinished":
            return Finding(
                "last run", BAD, f"{at} was killed", "Run it again: nothing is half done. Was memory short?"
            )
        case "refused":
            return Finding("last run", WARNING, f"{at}: some file was refused", "Run `vitals land`.")
        case "alerts":
            return Finding("last run", WARNING, f"{at}: there are alerts", "Run `vitals alerts`.")
        case _:
            return Finding("last run", BAD, f"{at}: {last['error']}", str(last["remedy"] or ""))


def check_project(manifest: datetime | None, newest: tuple[str, datetime] | None) -> Finding:
    """Whether dbt could read the project since it changed last (when each was written)."""
    if manifest is None:
        return Finding("project", WARNING, "dbt has not read it yet", "Run `vitals run`.")
    if newest and newest[1] > manifest:
        return Finding(
            "project",
            WARNING,
            f"{newest[0]} changed since dbt read it last",
            "Run `vitals lint`, then `vitals run`.",
        )
    return Finding("project", GOOD, f"dbt read it {manifest:%Y-%m-%d %H:%M} UTC, unchanged since")


# --- facts -------------------------------------------------------------------------------------


def lock_holder(paths: Paths) -> Holder | None:
    """Who holds the pipeline's lock; None when nobody does."""
    file = paths.warehouse / ".lock"
    if not file.exists():
        return None
    with file.open(encoding="ascii") as opened:
        try:
            fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
            return None
        except BlockingIOError:
            text = opened.read().strip()
    pid = int(text) if text.isdigit() else None
    since = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return Holder(pid, _is_alive(pid), _command(pid), since)


def waiting(paths: Paths) -> dict[str, datetime]:
    """Files of declared streams that the ledger does not know by name and size, and unfinished transfers."""
    streams = {stream.key for stream in load_streams(paths.project)}
    dropped, _ = survey(paths.landing, streams)
    known = {(row["source_file"], row["bytes"]) for row in read_ledger(paths)}
    found = {}
    for one in dropped:
        is_partial = one.problem == "passed_over" and "transfer" in one.reason
        if (one.problem and not is_partial) or not one.path.exists():
            continue
        state = one.path.stat()
        if (one.source_file, state.st_size) not in known:
            found[one.source_file] = datetime.fromtimestamp(state.st_mtime, UTC)
    return found


def unreadable_raw(paths: Paths) -> dict[str, str]:
    """Landed files whose raw Parquet is missing, cannot be read, or has other rows than the ledger counts."""
    problems = {}
    for row in read_ledger(paths):
        if row["status"] != "landed":
            continue
        raw = paths.raw / row["platform"] / row["stream"] / f"{row['file_hash']}.parquet"
        if not raw.exists():
            problems[row["source_file"]] = "missing"
            continue
        try:
            held = pq.read_metadata(raw).num_rows
        except Exception as error:
            # Whatever the reader says about a broken file is what is wrong with it.
            problems[row["source_file"]] = f"unreadable, {type(error).__name__}"
            continue
        kept = row["rows_landed"] - (row["rows_expired"] or 0)
        if held != kept:
            problems[row["source_file"]] = f"{held} rows instead of {kept}"
    return problems


def work_problem(paths: Paths) -> tuple[str | None, Holder | None]:
    """Why the work database cannot be opened, and who has it open, where that is the cause."""
    if not paths.work_db.exists():
        return None, None
    try:
        duckdb.connect(str(paths.work_db), read_only=True).close()
    except duckdb.Error as error:
        pid = _opener(paths.work_db)
        return str(error).splitlines()[0], Holder(pid, True, _command(pid)) if pid else None
    return None, None


def _opener(file: Path) -> int | None:
    """The pid of another process that has a file open, where the system tells."""
    for folder in Path("/proc").glob("[0-9]*"):
        if int(folder.name) == os.getpid():
            continue
        try:
            if any(one.samefile(file) for one in (folder / "fd").iterdir()):
                return int(folder.name)
        except OSError:
            # Somebody else's process, or one that has just ended.
            continue
    return None


def _is_alive(pid: int | None) -> bool | None:
    if pid is None:
        return None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _command(pid: int | None) -> str:
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return " ".join(Path(os.fsdecode(word)).name for word in words[:4] if word)[:80]


def _free(folder: Path) -> int:
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _sizes(paths: Paths) -> dict[str, int]:
    return {file.name: file.stat().st_size for file in paths.warehouse.glob("*.duckdb")}


def _unknown(paths: Paths) -> dict[str, str]:
    _, unknown = survey(paths.landing, {stream.key for stream in load_streams(paths.project)})
    return {folder.folder: folder.hint for folder in unknown}


def _refused(paths: Paths) -> list[str]:
    return [row["source_file"] for row in read_ledger(paths) if row["status"] == "refused"]


def _newest_moments(paths: Paths) -> dict[str, datetime]:
    landed = [row["landed_at"] for row in read_ledger(paths) if row["landed_at"]]
    found = {"the last landing": max(landed)} if landed else {}
    if version := published_version(paths.published_db):
        found["the publication"] = version.published_at.replace(tzinfo=None)
        if version.as_of:
            found["the newest data"] = version.as_of
    return {what: when.replace(tzinfo=UTC) for what, when in found.items()}


def _published(paths: Paths) -> tuple[datetime, str] | None:
    version = published_version(paths.published_db)
    return (version.published_at, version.vitals_version) if version else None


def _pinned(project: Path) -> dict[str, str]:
    lines = (project / "requirements.txt").read_text(encoding="utf-8").splitlines()
    found = [re.match(r"([\w.-]+)==([\w.]+)", line) for line in lines]
    return {one[1]: one[2] for one in found if one}


def _installed(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _salt_mode(paths: Paths) -> int | None:
    return stat.S_IMODE(paths.salt_file.stat().st_mode) if paths.salt_file.exists() else None


def _leftovers(paths: Paths, now: datetime) -> list[str]:
    found = [*paths.raw.rglob(".*.tmp"), *paths.warehouse.glob("*.tmp")]
    found += paths.warehouse.glob(f"{pipeline.candidate_path(paths).stem}*")
    old = [one for one in found if now.timestamp() - one.stat().st_mtime > OLD.total_seconds()]
    return sorted(one.relative_to(paths.warehouse).as_posix() for one in old)


def _manifest_time(paths: Paths) -> datetime | None:
    file = dbt_build.target_dir(paths) / "manifest.json"
    if not file.exists():
        return None
    json.loads(file.read_text(encoding="utf-8"))
    return datetime.fromtimestamp(file.stat().st_mtime, UTC)


def _newest_source(project: Path) -> tuple[str, datetime] | None:
    files = [project / "dbt_project.yml"]
    for folder in ("models", "macros", "seeds", "tests"):
        files += [one for one in (project / folder).rglob("*") if one.suffix in (".sql", ".yml", ".csv")]
    newest = max((one for one in files if one.exists()), key=lambda one: one.stat().st_mtime, default=None)
    if newest is None:
        return None
    changed = datetime.fromtimestamp(newest.stat().st_mtime, UTC)
    return newest.relative_to(project).as_posix(), changed


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def _bytes(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count / (1 << 20):.0f} MiB"


def _age(age: timedelta) -> str:
    hours = age.total_seconds() / 3600
    return f"{hours / 24:.1f} days" if hours >= 48 else f"{hours:.1f} hours"
