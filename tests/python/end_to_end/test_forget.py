"""Somebody is forgotten: nothing of the person is left anywhere, and no figure moves."""

from pathlib import Path
from typing import Any

import pytest

from centre import Centre
from exports import customers
from vitals import pipeline
from vitals.forget import NobodyFound, forget
from vitals.landing.identifiers import hasher, load_salt
from vitals.paths import Paths
from vitals.search import finder, search

FIGURES = "select columns(* exclude (kpi_id)), kpi_id from marts.kpi_values order by all"


def person_of(landing: Path, stream: str) -> str:
    """The customer who stands in most files of a stream."""
    counted = {
        identifier: len([file for file in files if file.parent.name == stream])
        for identifier, files in customers(landing).items()
    }
    return max(sorted(counted), key=lambda each: counted[each])


def everything(paths: Paths) -> list[Path]:
    return [file for file in paths.warehouse.rglob("*") if file.is_file()]


def account(centre: Centre) -> list[tuple[Any, ...]]:
    return centre.published("select * exclude (source_file) from quality.rpt_quality_landing order by all")


def test_the_forgotten_stand_nowhere_and_every_figure_is_as_it_was(centre: Centre, tmp_path: Path) -> None:
    own = centre.copied(tmp_path)
    streams = ("contact_records", "queue_log", "tickets", "talk_calls", "contacts")
    people = [person_of(own.paths.landing, stream) for stream in streams]
    files = {file for person in people for file in customers(own.paths.landing)[person]}
    hashed = hasher(load_salt(own.paths.salt_file))
    find = finder([*people, *(str(hashed(person)) for person in people)])
    named = {each.needle for each in search(everything(own.paths), find)}
    assert {str(hashed(person)) for person in people} <= named, "a search that finds nobody proves nothing"
    figures, accounted = own.published(FIGURES), account(own)

    report = forget(own.paths, people, remove_files=True)

    assert all(report.rows[person] > 0 for person in people)
    # Comments and the like name the person, too, in columns that tell no customer.
    assert files <= {own.paths.landing / name for name in report.removed}
    assert not report.left
    assert not (own.paths.warehouse / ".forget.key").exists()
    assert search(everything(own.paths), find) == []
    assert own.published(FIGURES) == figures
    assert account(own) == accounted
    pipeline.land(own.paths)
    assert search(everything(own.paths), find) == []
    with pytest.raises(NobodyFound):
        forget(own.paths, people)
