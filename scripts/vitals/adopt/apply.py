"""Writing what was planned, and taking it back."""

from __future__ import annotations

import csv
import io
import shutil
from collections.abc import Mapping
from pathlib import Path

from vitals.adopt.look import Seen, digest_of
from vitals.adopt.plan import Plan, differing, read_record, record_path, without_platform
from vitals.errors import VitalsError
from vitals.landing import pipeline_lock, store
from vitals.paths import PROJECT_FILE, Paths


def write(plan: Plan, seen: Seen, paths: Paths) -> list[str]:
    """Write a plan's files, and put the export into the landing folder. Returns what was made or changed.

    A failure leaves every file as it was.

    Raises:
        VitalsError: a file cannot be written, or another file of the export's name lies in landing.
    """
    target = paths.landing / plan.landed
    if target.exists() and digest_of(target) != seen.digest:
        raise VitalsError(
            f"{target} is another file of that name.",
            f"Rename {seen.path.name}, or remove the one in landing.",
        )
    changed = plan.changes(paths.project)
    before = {path: _bytes(paths.project / path) for path in changed}
    try:
        for path in changed:
            _replace(paths.project / path, plan.files[path].encode())
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            aside = target.with_name(target.name + ".part")
            shutil.copyfile(seen.path, aside)
            aside.replace(target)
            changed.append(str(target))
    except OSError as error:
        _restore(paths.project, before)
        raise VitalsError(
            f"{error.filename}: {error.strerror}.", "Nothing was changed. Make it writable."
        ) from error
    return changed


def undo(platform: str, paths: Paths, force: bool = False) -> list[str]:
    """Take an adopted platform out of the project, and its files out of landing and raw data.

    Args:
        platform: its name.
        paths: where everything is.
        force: also what was edited since.

    Returns what was removed or changed.

    Raises:
        VitalsError: it was not adopted; its files were edited since, which is named; or a pipeline is at
            work on the warehouse.
    """
    record = read_record(paths.project, platform)
    if record is None:
        raise VitalsError(
            f"{platform} was not adopted here: {record_path(platform)} is not there.",
            "Name a platform that `vitals adopt` wrote.",
        )
    edited = differing(record, paths.project)
    if edited and not force:
        raise VitalsError(
            f"Edited since {platform} was adopted: {', '.join(edited)}.",
            f"Keep what you need of them, then: vitals adopt --undo {platform} --force",
        )
    done: list[str] = []
    if paths.ledger_file.exists():
        with pipeline_lock(paths):
            done += _remove_landed(platform, paths)
    for path in [*record["files"], record_path(platform)]:
        if (paths.project / path).exists():
            (paths.project / path).unlink()
            done.append(path)
    _remove_rows(record["added"], paths.project)
    done += record["added"]
    project_file = paths.project / PROJECT_FILE
    text = without_platform(project_file.read_text(encoding="utf-8"), platform)
    _replace(project_file, text.encode())
    done.append(PROJECT_FILE)
    for landed, digest in record["landed"].items():
        file = paths.landing / landed
        if file.exists() and digest_of(file) == digest:
            file.unlink()
            done.append(str(file))
    emptied = {paths.project / path for path in record["files"]} | {
        paths.landing / path for path in record["landed"]
    }
    for file in sorted(emptied):
        for folder in (file.parent, file.parent.parent):
            if folder.exists() and folder.name not in ("models", "seeds") and not any(folder.iterdir()):
                folder.rmdir()
    return done


def _remove_landed(platform: str, paths: Paths) -> list[str]:
    """Take a platform out of ledger, raw data and quarantine: no staging model accounts for its rows now."""
    rows = store.read_ledger(paths)
    gone = [row for row in rows if row["platform"] == platform]
    if not gone:
        return []
    # The ledger first: raw files that no ledger knows are no one's, the other way round they are missing.
    store.write_rows(paths.ledger_file, store.LEDGER, [row for row in rows if row["platform"] != platform])
    for row in gone:
        if row["file_hash"]:
            store.quarantine_file(paths, platform, row["stream"], row["file_hash"]).unlink(missing_ok=True)
    raw = paths.raw / platform
    if not raw.exists():
        return []
    shutil.rmtree(raw)
    return [str(raw)]


def _remove_rows(added: Mapping[str, list[list[str]]], project: Path) -> None:
    """Take rows out of seeds; one that was edited since is no longer that row, and stays."""
    for path, rows in added.items():
        gone = {tuple(row) for row in rows}
        file = project / path
        kept = [
            line
            for line in file.read_text(encoding="utf-8").splitlines(keepends=True)
            if tuple(next(csv.reader(io.StringIO(line)), [])) not in gone
        ]
        _replace(file, "".join(kept).encode())


def _restore(project: Path, before: Mapping[str, bytes | None]) -> None:
    for path, content in before.items():
        if content is None:
            (project / path).unlink(missing_ok=True)
        else:
            _replace(project / path, content)


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _replace(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.with_name(f"{path.name}.tmp")
    aside.write_bytes(content)
    if path.exists():
        shutil.copymode(path, aside)
    aside.replace(path)
