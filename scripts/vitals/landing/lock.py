"""One pipeline at a time on a warehouse."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

from vitals.errors import VitalsError
from vitals.paths import Paths


@contextmanager
def pipeline_lock(paths: Paths) -> Iterator[None]:
    """Holds the warehouse's lock; the system frees it when the process ends, however it ends.

    Raises:
        VitalsError: another process holds it; the message names its pid.
    """
    paths.warehouse.mkdir(parents=True, exist_ok=True)
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
        yield
