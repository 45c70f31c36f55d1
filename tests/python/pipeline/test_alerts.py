"""Alerts reach whoever must know, by exit code, log and webhook; a webhook that fails fails nothing."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from vitals import log, pipeline, runs, webhook
from vitals.cli import app
from vitals.errors import VitalsError
from vitals.paths import Paths

ALERTS_MODEL = """
{{ config(meta={'level': 'analysts'}) }}
select
    'silent_stream' as kind, 'desk' as platform, 'calls' as stream,
    timestamp '2026-03-01 10:00:00' as since_at,
    cast(null as date) as day, 50.0 as observed_value, 48.0 as expected_value, 'hours' as unit,
    'desk/calls: nothing landed for 50 hours; its rule allows 48.' as message,
    'See where its files go.' as remedy
from {{ ref('stg_desk__calls') }}
where call_id = 'b'
"""


@dataclass
class Receiver:
    """A server on this machine, what it was sent, and how it answers: statuses in turn, the last again."""

    port: int
    statuses: list[int]
    delay: float = 0
    received: list[dict[str, Any]] = field(default_factory=list)

    @property
    def address(self) -> str:
        """Where it listens, with a secret in its path."""
        return f"http://127.0.0.1:{self.port}/hooks/top-secret"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A real HTTP server that VITALS_WEBHOOK names."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            time.sleep(held.delay)
            held.received.append(json.loads(body))
            status = held.statuses.pop(0) if len(held.statuses) > 1 else held.statuses[0]
            self.send_response(status)
            self.send_header("Location", held.address)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    held = Receiver(server.server_address[1], [204])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("VITALS_WEBHOOK", held.address)
    monkeypatch.setattr(webhook, "PAUSE_SECONDS", 0.01)
    yield held
    server.shutdown()
    server.server_close()


@pytest.fixture
def silent_centre(centre: Paths) -> Paths:
    """A centre with an alert."""
    folder = centre.project / "models" / "quality"
    folder.mkdir()
    (folder / "rpt_quality_alerts.sql").write_text(ALERTS_MODEL)
    project = centre.project / "dbt_project.yml"
    project.write_text(
        project.read_text().replace("  tiny:\n", "  tiny:\n    quality: {+schema: quality}\n", 1)
    )
    return centre


@pytest.fixture
def vitals(centre: Paths, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call `vitals …` in the tiny centre."""
    monkeypatch.chdir(centre.project)
    monkeypatch.delenv("VITALS_LANDING", raising=False)
    monkeypatch.delenv("VITALS_WAREHOUSE", raising=False)
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_a_run_with_alerts_tells_them_exits_with_4_and_posts_them(
    silent_centre: Paths, vitals: Callable[..., Result], receiver: Receiver
) -> None:
    done = vitals("run")
    assert done.exit_code == 4, done.output
    assert "⚠ desk/calls: nothing landed for 50 hours; its rule allows 48." in done.output
    assert "do:  See where its files go." in done.output
    [told] = receiver.received
    assert (told["command"], told["result"], told["error"]) == ("run", "alerts", None)
    assert [one["stream"] for one in told["alerts"]] == ["calls"]
    assert told["alerts"][0]["since_at"] == "2026-03-01T10:00:00Z"
    row = runs.history(silent_centre)[-1]
    assert (row["run_id"], row["result"], row["alerts_count"]) == (told["run_id"], "alerts", 1)
    shown = vitals("alerts")
    assert shown.exit_code == 4
    assert "nothing landed for 50 hours" in shown.output


def test_a_refused_file_comes_before_an_alert_and_both_are_posted(
    silent_centre: Paths,
    vitals: Callable[..., Result],
    receiver: Receiver,
    drop_calls: Callable[[str, str], None],
) -> None:
    drop_calls("other.csv", "caller,day\n+33 6 12 34 56 78,2026-03-01\n")
    done = vitals("--log", "json", "run")
    assert done.exit_code == 3, done.output
    events = [json.loads(line)["event"] for line in done.output.splitlines()]
    assert events.count("alert") == 1
    assert events.count("file_refused") == 1
    [told] = receiver.received
    assert told["result"] == "refused"
    assert [one["file"] for one in told["refused_files"]] == ["desk/calls/other.csv"]
    assert len(told["alerts"]) == 1


def test_a_run_without_anything_to_tell_posts_nothing_and_has_no_alert(
    centre: Paths, vitals: Callable[..., Result], receiver: Receiver
) -> None:
    assert vitals("run").exit_code == 0
    assert receiver.received == []
    assert vitals("alerts").exit_code == 0


def test_a_failed_run_is_posted_with_its_remedy_and_without_any_folder_of_the_machine(
    centre: Paths, vitals: Callable[..., Result], receiver: Receiver
) -> None:
    centre.ledger_file.unlink()
    assert vitals("build").exit_code == 1
    [told] = receiver.received
    assert told["result"] == "failed"
    assert "nothing to build" in told["error"]["message"]
    assert told["error"]["remedy"]
    assert str(centre.project) not in json.dumps(told)


def failing(centre: Paths, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> str:
    """What is said when an unpublished centre's failure cannot be told to the webhook."""
    monkeypatch.setattr(log.WARNINGS, "propagate", True)
    (centre.warehouse / "build.json").unlink(missing_ok=True)
    with caplog.at_level(logging.DEBUG), pytest.raises(VitalsError, match="did not pass"):
        pipeline.publish(centre)
    return "\n".join(record.getMessage() for record in caplog.records if record.name == "vitals")


def test_an_answer_of_500_is_tried_once_more(
    centre: Paths,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    receiver.statuses = [500, 200]
    assert failing(centre, caplog, monkeypatch) == ""
    assert len(receiver.received) == 2
    receiver.statuses = [500]
    said = failing(centre, caplog, monkeypatch)
    assert "it answered with status 500, 2 times" in said
    assert len(receiver.received) == 4
    assert "top-secret" not in said


def test_a_redirection_is_not_followed(receiver: Receiver) -> None:
    receiver.statuses = [302]
    assert webhook.post(receiver.address, {}) == "it answered with status 302, 2 times"
    assert len(receiver.received) == 2


def test_a_refused_connection_and_a_slow_server_are_warnings_without_the_address(
    centre: Paths,
    receiver: Receiver,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(webhook, "TIMEOUT_SECONDS", (0.2, 0.2))
    receiver.delay = 1
    began = time.monotonic()
    said = failing(centre, caplog, monkeypatch)
    assert "ReadTimeout, 2 times" in said
    assert time.monotonic() - began < 30
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        monkeypatch.setenv("VITALS_WEBHOOK", f"http://127.0.0.1:{unused.getsockname()[1]}/top-secret")
        said += failing(centre, caplog, monkeypatch)
    assert "ConnectionError, 2 times" in said
    assert "top-secret" not in said


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1/x", "file:///etc/hosts", "top-secret", "http://", "http://["]
)
def test_only_http_addresses_are_told(address: str) -> None:
    assert webhook.post(address, {}) == "VITALS_WEBHOOK is no http or https address"
