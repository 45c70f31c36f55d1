"""A PostgreSQL server of the tests' own: in a folder of its own, on 127.0.0.1, stopped at the end."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

PASSWORD = "s3cret/of the@publisher"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "fsync": "off",
    "autovacuum": "off",
    "max_connections": "40",
    # Whatever holds a lock shows early in the tests.
    "deadlock_timeout": "200ms",
}


@dataclass
class Server:
    """A running server; `postgres` is its superuser, who needs no password."""

    programs: Path
    port: int
    _data: Path
    _control: Sequence[str | Path]
    _databases: Iterator[int]

    def url(self, database: str = "postgres", user: str = "postgres", password: str | None = None) -> str:
        """What a program connects to."""
        from urllib.parse import quote

        secret = f":{quote(password, safe='')}" if password is not None else ""
        return f"postgresql://{user}{secret}@127.0.0.1:{self.port}/{database}"

    def rows(self, sql: str, database: str = "postgres", user: str = "postgres") -> list[tuple[Any, ...]]:
        """What a user gets; each statement is committed."""
        with psycopg.connect(self.url(database, user), autocommit=True) as connection:
            found = connection.execute(sql.encode())
            return found.fetchall() if found.description else []

    def new_database(self, options: str = "") -> str:
        """An empty database that `publisher` owns, who has a password and may do nothing else."""
        name = f"vitals_{next(self._databases)}"
        self.rows(f"create database {name} owner publisher {options}")
        return name

    def become_standby(self) -> None:
        """Start again as a server that waits for what a primary sends, and is read meanwhile."""
        _call([*self._control, "-m", "fast", "stop"])
        (self._data / "standby.signal").touch()
        _call([*self._control, "start"])

    def psql(self, database: str, user: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Debian's psql, as a user."""
        return subprocess.run(
            [str(self.programs / "psql"), "-X", self.url(database, user), *arguments],
            capture_output=True,
            text=True,
            check=False,
        )


@contextmanager
def postgres_server() -> Iterator[Server]:
    """Start a server with the user `publisher`; the test is skipped where PostgreSQL is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: int(one.parts[-3]))
    if not found:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    programs = found[-1].parent
    # Outside of pytest's own folder, through which no other user may pass.
    home = Path(tempfile.mkdtemp(prefix="vitals-postgres-"))
    prefix: list[str] = []
    if os.geteuid() == 0:
        # The server refuses to run as root.
        prefix = ["runuser", "-u", "postgres", "--"]
        shutil.chown(home, "postgres")
    try:
        data = home / "data"
        _call([*prefix, programs / "initdb", "-D", data, "-A", "trust", "-U", "postgres", "-E", "UTF8"])
        (data / "pg_hba.conf").write_text(
            "host all publisher 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"
        )
        port = _free_port()
        settings = {**_SETTINGS, "port": str(port), "unix_socket_directories": str(home)}
        with (data / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = '{value}'\n" for name, value in settings.items())
        control: list[str | Path] = [
            *prefix,
            programs / "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            home / "server.log",
        ]
        _call([*control, "start"])
        try:
            server = Server(programs, port, data, control, count(1))
            secret = PASSWORD.replace("'", "''")
            server.rows(f"create role publisher login createrole password '{secret}'")
            yield server
        finally:
            _call([*control, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _call(command: Sequence[str | Path]) -> None:
    # The server inherits what it is given: a pipe would be held open by it.
    with tempfile.TemporaryFile("w+") as said:
        done = subprocess.run([str(part) for part in command], stdout=said, stderr=said, check=False, cwd="/")
        if done.returncode:
            said.seek(0)
            raise RuntimeError(f"{command}: {said.read()}")


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
