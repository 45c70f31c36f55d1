"""Serving the dashboard: Streamlit in this process, on 127.0.0.1, without telemetry or other requests."""

from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from streamlit.web import bootstrap

from vitals.dashboard import app, theme
from vitals.errors import VitalsError
from vitals.paths import Paths

HOST = "127.0.0.1"
# Imported, not only named: so the first reader does not wait for what it needs.
APP = Path(app.__file__)


@dataclass(frozen=True)
class Dashboard:
    """A server that is ready to run."""

    address: str
    arguments: tuple[str, ...]
    options: dict[str, Any]

    def run(self) -> None:
        """Serve until SIGINT or SIGTERM."""
        bootstrap.load_config_options(self.options)
        bootstrap.run(str(APP), False, list(self.arguments), self.options)


def prepare(paths: Paths, port: int, language: str, level: str | None, opens_browser: bool) -> Dashboard:
    """A dashboard on a free port.

    Args:
        paths: of the installation.
        port: on 127.0.0.1.
        language: en, fr or bg.
        level: of the file to show; None = the fullest that may be read.
        opens_browser: also opens it there.

    Raises:
        VitalsError: the port is taken.
    """
    with socket.socket() as probe:
        # what an ended dashboard leaves for a minute does not count as taken
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise VitalsError(
                f"Port {port} of {HOST} cannot be had: {error.strerror}.",
                "Is a dashboard running already? Else choose another with --port.",
            ) from error
    options = {
        "server_address": HOST,
        "server_port": port,
        "server_headless": not opens_browser,
        "server_allowedHosts": [HOST, "localhost"],
        "server_fileWatcherType": "none",
        "server_showEmailPrompt": False,
        "browser_gatherUsageStats": False,
        "browser_serverAddress": HOST,
        "client_toolbarMode": "minimal",
        "client_showErrorDetails": "none",
        "client_disableDataExport": True,
        "logger_hideWelcomeMessage": True,
        "logger_level": "warning",
        **theme.STREAMLIT,
    }
    arguments = (str(paths.project), language, *([level] if level else []))
    return Dashboard(f"http://{HOST}:{port}", arguments, options)
