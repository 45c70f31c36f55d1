"""A built centre and a copy of the project, for the tests that need the whole pipeline."""

import os
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock

from centre import PROJECT, Centre, copy_project
from postgres_server import Server, postgres_server
from vitals import pipeline
from vitals.paths import Paths
from vitals.simulate import simulate


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The long ones first, so that processes which share the tests end together."""
    waiting = {item.path for item in items if "centre" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.path.parent.name != "end_to_end", item.path in waiting))


@pytest.fixture(scope="session", autouse=True)
def salt() -> Iterator[None]:
    """A known salt, so that any test may land files; those of the salt itself take it away."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITALS_SALT", "pepper")
        # Of whoever runs the tests.
        patch.delenv("VITALS_PUBLISH_TO", raising=False)
        yield


@pytest.fixture
def project_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of the project to change at will, as the current folder."""
    project = copy_project(tmp_path / "project")
    monkeypatch.chdir(project)
    for name in ("VITALS_LANDING", "VITALS_WAREHOUSE"):
        monkeypatch.delenv(name, raising=False)
    return project


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A PostgreSQL server, for all who take a database of their own there."""
    with postgres_server() as running:
        yield running


@pytest.fixture(scope="session")
def build_centre(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Centre]:
    """Simulate a centre and take it through the pipeline, once for all processes: to read, and to copy."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent

    def build(contacts: int, days: int, seed: int, start: date = date(2026, 10, 12)) -> Centre:
        home = shared / f"centre_{contacts}_{days}_{seed}_{start}"
        paths = Paths(PROJECT, home / "landing", home / "warehouse")
        with FileLock(home.with_suffix(".lock")):
            if not (home / "built").exists():
                simulate(paths.landing, home / "truth", PROJECT / "seeds", contacts, days, seed, start)
                pipeline.run(paths)
                (home / "built").touch()
        return Centre(paths, home / "truth")

    return build


@pytest.fixture(scope="session")
def centre(build_centre: Callable[..., Centre]) -> Iterator[Centre]:
    """Three weeks over a clock change, published; who changes anything takes a copy."""
    before = dict(os.environ)
    yield build_centre(contacts=4000, days=21, seed=11)
    os.environ.clear()
    os.environ.update(before)
