"""One pipeline at a time on a warehouse."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vitals.errors import VitalsError
from vitals.paths import Paths


@contextmanager
def pipeline_lock(paths: Paths) -> Iterator[None]:
    """Holds the warehouse's lock; the system frees it when the process ends, however it ends.

    Raises:
        VitalsError: another process holds it; the message names its pid.
    """
    if not paths.warehouse.exists():
        paths.warehouse.mkdir(parents=True)
        # Readers of a published file must pass; who reads which is the files' own mode.
        paths.warehouse.chmod(0o755)
    with (paths.warehouse / ".lock").open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            # It may have taken the lock this instant: what stands there is then the pid of one before it.
            time.sleep(0.1)
            file.seek(0)
            holder = file.read().strip() or "unknown"
            raise VitalsError(
                f"Process {holder} is already working on {paths.warehouse}.",
                "Wait until it has finished, or stop it; then run the command again.",
            ) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        # What is made from here on, by child processes too, is for its owner alone, until it is published.
        before = os.umask(0o077)
        try:
            _protect(paths)
            yield
        finally:
            os.umask(before)


def _protect(paths: Paths) -> None:
    """Mends the modes of what only the owner may read."""
    for folder in ("raw", "target", "logs", "docs"):
        _restrict(paths.warehouse / folder, 0o700)
    for pattern in ("work.duckdb*", ".vitals-candidate*", "build.json"):
        for file in paths.warehouse.glob(pattern):
            _restrict(file, 0o600)


def _restrict(path: Path, mode: int) -> None:
    if path.exists() and path.stat().st_mode & 0o777 & ~mode:
        path.chmod(path.stat().st_mode & mode)
