"""The dashboard as Superset imports it: the files of assets/, with the database that they shall read.

.venv/bin/python bi/superset/bundle.py vitals.zip --database postgresql://dashboards@db.example.org/vitals
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import zipfile
from pathlib import Path

import yaml

ASSETS = Path(__file__).resolve().parent / "assets"
PROJECT = ASSETS.parents[2]
# Without them whoever may put SQL to it could read and write the server's files.
LOCKED = "?access_mode=read_only&enable_external_access=false&lock_configuration=true"
# What Superset shall take a bundle for: `assets` by its API, overwriting; `Dashboard` on its page Import.
KINDS = {"api": "assets", "page": "Dashboard"}


def database_uri(address: str | None) -> str:
    """What Superset's database gets as its address.

    Args:
        address: postgresql://…, or the file of a published DuckDB database; None: the managers' file of
            VITALS_WAREHOUSE, or of warehouse/.

    Raises:
        ValueError: it is neither, or there is no such file.
    """
    if address and address.startswith(("postgresql://", "postgres://")):
        return "postgresql+psycopg2://" + address.partition("://")[2]
    if address and "://" in address:
        raise ValueError(f"{address.partition('://')[0]}://… is neither PostgreSQL nor a file of DuckDB")
    warehouse = Path(os.environ.get("VITALS_WAREHOUSE") or PROJECT / "warehouse")
    file = Path(address) if address else warehouse / "vitals_managers.duckdb"
    if not file.is_file():
        raise ValueError(f"{file} does not exist: publish first (make build, or vitals run)")
    return f"duckdb:///{file.resolve()}{LOCKED}"


def contents(uri: str, kind: str = "api") -> dict[str, str]:
    """Every file of the bundle by its path in it, as text.

    Args:
        uri: SQLAlchemy's address of the database.
        kind: how it will be imported, one of KINDS.
    """
    files = {
        file.relative_to(ASSETS).as_posix(): file.read_text(encoding="utf-8")
        for file in sorted(ASSETS.rglob("*.yaml"))
    }
    for name, changes in (
        ("databases/vitals.yaml", {"sqlalchemy_uri": uri}),
        ("metadata.yaml", {"type": KINDS[kind]}),
    ):
        files[name] = yaml.safe_dump({**yaml.safe_load(files[name]), **changes}, sort_keys=False)
    return files


def zipped(files: dict[str, str]) -> bytes:
    """The bundle as one file, the same for the same contents."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            # the first folder is the bundle's name
            archive.writestr(zipfile.ZipInfo(f"vitals/{name}"), text)
    return held.getvalue()


def main() -> int:
    """Write the bundle into a file."""
    parser = argparse.ArgumentParser(
        description="Write the dashboard as a zip that a Superset of yours imports."
    )
    parser.add_argument("zip", type=Path, help="file to write")
    parser.add_argument("--database", help="postgresql://user@host/database, or a published file (managers')")
    parser.add_argument(
        "--for", dest="kind", choices=KINDS, default="api", help="its API (overwrites), or its page Import"
    )
    given = parser.parse_args()
    try:
        uri = database_uri(given.database)
    except ValueError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    given.zip.write_bytes(zipped(contents(uri, given.kind)))
    print(f"Wrote {given.zip}. How to import it: docs/bi.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
