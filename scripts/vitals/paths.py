"""Where everything stands on disk. Nothing here reads or writes files, but for the look-up of the project."""

import os
from dataclasses import dataclass
from pathlib import Path

from vitals.errors import VitalsError

PROJECT_FILE = "dbt_project.yml"


@dataclass(frozen=True)
class Paths:
    """The folders of one installation: the dbt project, the user's drops, and what is made from them."""

    project: Path
    landing: Path
    warehouse: Path

    @classmethod
    def from_environment(cls, project: Path | None = None) -> "Paths":
        """The paths that hold here: VITALS_LANDING and VITALS_WAREHOUSE, else the project's own folders.

        Args:
            project: the dbt project's folder; None looks for it in the working directory and above.

        Raises:
            VitalsError: there is no dbt project.
        """
        root = project.absolute() if project else _find_project(Path.cwd())
        if not (root / PROJECT_FILE).is_file():
            raise VitalsError(f"{root} holds no {PROJECT_FILE}.", "Name the folder of Vitals.")
        return cls(
            project=root,
            landing=_folder(root, "VITALS_LANDING", "landing"),
            warehouse=_folder(root, "VITALS_WAREHOUSE", "warehouse"),
        )

    @property
    def raw(self) -> Path:
        """Raw Parquet, `<platform>/<stream>/*.parquet`: the sources of the dbt project."""
        return self.warehouse / "raw"

    @property
    def work_db(self) -> Path:
        """The database that dbt builds in; readers never open it."""
        return self.warehouse / "work.duckdb"

    @property
    def spark(self) -> Path:
        """What Spark keeps where it is the engine: its tables and its catalogue."""
        return self.warehouse / "spark"

    @property
    def published_db(self) -> Path:
        """The audited database that readers open."""
        return self.warehouse / "vitals.duckdb"

    def published_for(self, level: str) -> Path:
        """The published file of a level: managers, analysts (`published_db`) or owners."""
        names = {"managers": "vitals_managers", "analysts": "vitals", "owners": "vitals_people"}
        return self.warehouse / f"{names[level]}.duckdb"

    @property
    def docs(self) -> Path:
        """Data docs, as HTML."""
        return self.warehouse / "docs"

    @property
    def salt_file(self) -> Path:
        """The secret that customer identifiers are hashed with, unless VITALS_SALT is set."""
        return self.warehouse / "salt.key"

    @property
    def ledger_file(self) -> Path:
        """One row per file seen in landing."""
        return self.raw / "vitals" / "ledger" / "ledger.parquet"

    @property
    def quarantine_dir(self) -> Path:
        """Lines that could not be read, one Parquet file per landed file that has any."""
        return self.raw / "vitals" / "quarantine"

    @property
    def run_file(self) -> Path:
        """One row: the moment as of which the warehouse is built."""
        return self.raw / "vitals" / "runs" / "run.parquet"


def _folder(project: Path, variable: str, default: str) -> Path:
    """The folder that an environment variable names (relative to the project), or the default one."""
    return (project / Path(os.environ.get(variable) or default).expanduser()).absolute()


def _find_project(start: Path) -> Path:
    """The nearest folder, from `start` upwards, that holds a dbt project."""
    for folder in (start, *start.parents):
        if (folder / PROJECT_FILE).is_file():
            return folder
    raise VitalsError(
        f"No {PROJECT_FILE} in {start} or in any folder above it.",
        "Go into the folder that you cloned Vitals into, and run the command again.",
    )
