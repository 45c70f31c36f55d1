"""What `vitals docs` writes from the KPI catalogue and dbt's manifest: which files are stale, and writing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from vitals.catalogue import PAGES
from vitals.superset_datasets import DATASETS

# Folders that hold nothing else: what is no longer written is removed there.
OWN_FOLDERS = {PAGES: ".md", DATASETS: ".yaml"}


def environment() -> Environment:
    """Jinja for the templates of `scripts/vitals/templates`: a name that is not given is an error."""
    return Environment(
        loader=PackageLoader("vitals"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )


def differing(project: Path, files: Mapping[Path, str]) -> list[Path]:
    """Files that are not as they should be: missing, different, or of nothing that is there.

    Args:
        project: the dbt project's folder.
        files: texts by path below it; of a folder of `OWN_FOLDERS` all, or none.
    """
    there = {
        file.relative_to(project)
        for folder, suffix in OWN_FOLDERS.items()
        if any(folder in path.parents for path in files)
        for file in (project / folder).rglob(f"*{suffix}")
    }
    changed = {
        path
        for path, text in files.items()
        if not (project / path).exists() or (project / path).read_text(encoding="utf-8") != text
    }
    return sorted(changed | (there - set(files)))


def write(project: Path, files: Mapping[Path, str]) -> list[Path]:
    """Write what differs, remove what is of nothing that is there, and return both; see `differing`."""
    changed = differing(project, files)
    for path in changed:
        if path in files:
            (project / path).parent.mkdir(parents=True, exist_ok=True)
            (project / path).write_text(files[path], encoding="utf-8")
        else:
            (project / path).unlink()
    return changed
