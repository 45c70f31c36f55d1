"""What lies in landing: files of declared streams, files to pass over, folders that nobody declared."""

import os
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

_PASSED_OVER = (".tmp", ".part", ".crdownload")


@dataclass(frozen=True)
class Dropped:
    """A file or folder in landing; with a `problem` (`passed_over`, `refused`) it is not read."""

    path: Path
    source_file: str
    key: str
    problem: str = ""
    reason: str = ""
    remedy: str = ""
    code: str = ""


@dataclass(frozen=True)
class UnknownFolder:
    """A folder with files that no stream declares, and the declared folder that was perhaps meant."""

    folder: str
    files: int
    hint: str


def survey(landing: Path, keys: Collection[str]) -> tuple[list[Dropped], list[UnknownFolder]]:
    """Everything in landing, in the order of its path; nothing is opened.

    Args:
        landing: the folder, which may be missing.
        keys: the declared streams, as `<platform>/<stream>`.
    """
    dropped, unknown = [], Counter[str]()
    for each in sorted(_walk(landing), key=lambda each: each.source_file):
        if each.problem or each.key in keys:
            dropped.append(each)
        else:
            unknown[each.key] += 1
    # Only a folder at the depth of streams can be a misspelt one.
    near = {folder: get_close_matches(folder, sorted(keys), 1) if "/" in folder else [] for folder in unknown}
    folders = [UnknownFolder(name or ".", unknown[name], "".join(near[name])) for name in sorted(unknown)]
    return dropped, folders


def _walk(landing: Path) -> Iterator[Dropped]:
    closed: list[OSError] = []
    for folder, folders, names in os.walk(landing, onerror=closed.append):
        place = Path(folder)
        for name in [*names, *folders]:
            path = place / name
            parts = path.relative_to(landing).parts
            key = "/".join(parts[:-1][:2])
            # Names of a foreign encoding must not stop the run.
            shown = os.fsencode("/".join(parts)).decode("utf-8", "backslashreplace")
            problem = _problem(path, landing)
            if problem or name in names:
                yield Dropped(path, shown, key, *problem)
        folders[:] = [name for name in folders if not name.startswith(".")]
    for error in closed:
        path = Path(error.filename)
        if path != landing or path.exists():
            shown = path.relative_to(landing).as_posix()
            remedy = f"Make it readable: chmod u+rx {path}"
            reason = f"the folder cannot be opened: {error.strerror}"
            yield Dropped(path, shown, "/".join(shown.split("/")[:2]), "refused", reason, remedy, "not_readable")


def _problem(path: Path, landing: Path) -> tuple[str, ...]:
    name = path.name
    if name.startswith(".") or name.startswith("~$"):
        return "passed_over", "hidden", ""
    if name.lower().endswith(_PASSED_OVER):
        return ("passed_over", "a transfer in progress, by its name", "") if not path.is_dir() else ()
    if not path.is_symlink():
        regular = path.is_dir() or path.is_file() or not path.exists()
        return () if regular else ("refused", "not a regular file", "Remove it.", "not_a_file")
    remedy = ("Copy the file into landing in place of the link.", "link")
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return "refused", "the link leads nowhere", *remedy
    if not target.is_relative_to(landing.resolve()):
        return "refused", "the link leads out of landing", *remedy
    return ("passed_over", "a link to a folder of landing", "") if target.is_dir() else ()
