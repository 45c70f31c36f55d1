"""What fetching takes from the environment, and the libraries that it needs."""

import importlib
import os
from collections.abc import Sequence
from types import ModuleType
from urllib.parse import urlsplit

from vitals.errors import VitalsError

_INSTALL = ".venv/bin/python -m pip install -e '.[fetch]'"
# Here nothing passes over a net, so that a stand-in or a proxy may do without TLS.
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def setting(name: str) -> str:
    """A variable's value without surrounding blanks; empty when it is not set."""
    return os.environ.get(name, "").strip()


def required(names: Sequence[str], page: str) -> list[str]:
    """The values of variables that must be set; fit for an HTTP header.

    Args:
        names: the variables.
        page: the page of docs/platforms that explains them.

    Raises:
        VitalsError: one is missing, or holds what no credential does; no value is told.
    """
    missing = [name for name in names if not setting(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        raise VitalsError(
            f"{' and '.join(missing)} {verb} not set.",
            f"Set it in the environment: docs/platforms/{page}.md says what is needed.",
        )
    values = [setting(name) for name in names]
    for name, value in zip(names, values, strict=True):
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise VitalsError(
                f"{name} holds a blank, a line break or a letter that no credential has.",
                "Copy it again, without quotes around it.",
            )
    return values


def address(name: str, default: str) -> str:
    """The address to ask: the variable's, else the platform's own; without a slash at its end.

    Raises:
        VitalsError: it is no https address (http is for this machine only: credentials would pass in clear).
    """
    value = (setting(name) or default).rstrip("/")
    parts = urlsplit(value)
    is_safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _THIS_MACHINE)
    if not (is_safe and parts.hostname) or parts.username or parts.query:
        raise VitalsError(f"{name} is no https address.", "Write https:// and the host, and no more.")
    return value


def library(name: str) -> ModuleType:
    """A module that only fetching needs.

    Raises:
        VitalsError: it is not installed; the remedy is the command that installs it.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise VitalsError(
            f"{name.split('.')[0]} is not installed, which fetching needs.", f"Run: {_INSTALL}"
        ) from error
