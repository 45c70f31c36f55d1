"""Tells one address, VITALS_WEBHOOK, what a run has to tell: one POST of JSON, which never fails the run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vitals import log
from vitals.paths import Paths

if TYPE_CHECKING:
    from vitals.runs import Run

VARIABLE = "VITALS_WEBHOOK"
TRIES = 2
PAUSE_SECONDS = 1.0
# To connect, and between two signs of life of the answer.
TIMEOUT_SECONDS = (5.0, 10.0)


def payload(paths: Paths, run: Run) -> dict[str, Any] | None:
    """What there is to tell of a run that is over; None when all is well.

    It is the same wherever the run was: files are named from landing on, and no folder of the machine is.
    """
    row = run.row
    error = {"message": row["error"], "remedy": row["remedy"]} if row["error"] else None
    if not (error or run.refused or run.alerts or run.unfinished):
        return None
    told = {
        "run_id": run.run_id,
        "command": run.command,
        "result": row["result"],
        "started_at": row["started_at"],
        "finished_at": row["finished_at"],
        "as_of": row["as_of"],
        "vitals_version": row["vitals_version"],
        "error": error,
        "refused_files": run.refused,
        "alerts": run.alerts,
        "unfinished_runs": run.unfinished,
    }
    placeless: dict[str, Any] = _mapped(told, _placeless(paths))
    return placeless


def tell(paths: Paths, run: Run) -> None:
    """Post what there is to tell, if an address is set. What goes wrong is a warning, without the address."""
    address = os.environ.get(VARIABLE, "").strip()
    if not address:
        return
    body = payload(paths, run)
    if body is None:
        return
    problem = post(address, body)
    if problem:
        log.WARNINGS.warning("The webhook was not told of run %s: %s.", run.run_id, problem)


def post(address: str, body: Mapping[str, Any]) -> str | None:
    """Post JSON to an http or https address, twice at most; returns why it failed, without the address."""
    try:
        scheme, host = urlsplit(address).scheme, urlsplit(address).hostname
    except ValueError:
        scheme, host = "", None
    if scheme not in ("http", "https") or not host:
        return f"{VARIABLE} is no http or https address"
    # Half a second that only who posts pays for.
    import requests

    problem = ""
    for turn in range(TRIES):
        if turn:
            time.sleep(PAUSE_SECONDS)
        try:
            # Nobody else is told where the address redirects to; the answer itself is not read.
            with requests.post(
                address,
                data=json.dumps(body, default=str),
                headers={"Content-Type": "application/json", "User-Agent": "vitals"},
                timeout=TIMEOUT_SECONDS,
                allow_redirects=False,
                stream=True,
            ) as answer:
                if 200 <= answer.status_code < 300:
                    return None
                problem = f"it answered with status {answer.status_code}"
        except (requests.RequestException, ValueError) as error:
            # Its text has the address in it, which is a secret.
            problem = f"{type(error).__name__}"
    return f"{problem}, {TRIES} times"


def _placeless(paths: Paths) -> Mapping[str, str]:
    """What stands for the folders of this machine; the inner ones first."""
    return {
        str(paths.landing): "landing",
        str(paths.warehouse): "warehouse",
        str(paths.project): "project",
    }


def _mapped(value: Any, folders: Mapping[str, str]) -> Any:
    match value:
        case str():
            for folder, name in folders.items():
                value = value.replace(folder, name)
            return log.scrubbed(value)
        case datetime():
            return value.isoformat(timespec="seconds") + "Z"
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
        case list() | tuple():
            return [_mapped(each, folders) for each in value]
        case dict():
            return {name: _mapped(each, folders) for name, each in value.items()}
    return value
