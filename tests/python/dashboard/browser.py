"""A running dashboard and a headless browser, for the tests and for the pictures of the README."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from centre import PROJECT

CHROMIUM = os.environ.get("VITALS_CHROMIUM") or next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))),
    None,
)

# Seconds in which it starts or ends on a machine where others work, too.
STARTS_WITHIN = 180


@contextmanager
def launched() -> Iterator[Browser]:
    """The browser of the machine."""
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield opened
        opened.close()


@contextmanager
def serving(warehouse: Path, *options: str) -> Iterator[str]:
    """`vitals dashboard` over a warehouse; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "vitals", "dashboard", "--no-open", "--port", str(port), *options]
    environment = {**os.environ, "VITALS_WAREHOUSE": str(warehouse)}
    with subprocess.Popen(
        command, cwd=PROJECT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as server:
        address = f"http://127.0.0.1:{port}"
        _await(server, address)
        try:
            yield address
        finally:
            server.send_signal(signal.SIGINT)  # as Ctrl-C does
            try:
                said = server.communicate(timeout=STARTS_WITHIN)[0]
            except subprocess.TimeoutExpired:
                server.kill()
                raise
        assert server.returncode == 0, said
        assert "The dashboard has ended." in said, said
        assert "Traceback" not in said, said


def _await(server: "subprocess.Popen[str]", address: str) -> None:
    """Wait until it answers."""
    deadline = time.monotonic() + STARTS_WITHIN
    while True:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except OSError:
            if server.poll() is not None or time.monotonic() > deadline:
                server.kill()
                raise AssertionError(f"It does not answer: {server.communicate()[0]}") from None
            time.sleep(0.2)
