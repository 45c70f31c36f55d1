"""Fetching, whatever the platform: the command, missing libraries, the state; and secrets stay secret."""

from __future__ import annotations

import fcntl
import importlib
import json
import logging
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner, Result

from centre import PROJECT
from fetched import NOW, fetched
from stand_ins import S3StandIn, TwilioStandIn, ZendeskStandIn, iso
from vitals.cli import app
from vitals.errors import VitalsError
from vitals.fetch import FetchFailed, web
from vitals.fetch.environment import address, required
from vitals.fetch.state import Recent, State
from vitals.paths import Paths


@pytest.fixture
def vitals(paths: Paths, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Call `vitals …` over the test's landing and warehouse."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("VITALS_LANDING", str(paths.landing))
    monkeypatch.setenv("VITALS_WAREHOUSE", str(paths.warehouse))
    return lambda *arguments: CliRunner().invoke(app, list(arguments))


def test_the_command_says_what_came_and_what_to_do_next(
    vitals: Callable[..., Result], zendesk: ZendeskStandIn
) -> None:
    at = int(NOW.timestamp()) - 86400
    zendesk.add("tickets", at, id=1, created_at=iso(at), updated_at=iso(at))
    result = vitals(
        "fetch", "zendesk", "--stream", "tickets", "--stream", "talk_calls", "--since", "2026-11-01"
    )
    assert result.exit_code == 0, result.output
    assert "zendesk/tickets: 1 file, 1 row" in result.output
    assert "zendesk/talk_calls: nothing new" in result.output
    assert "Next: vitals run" in result.output


def test_the_command_tells_what_came_before_it_failed(
    vitals: Callable[..., Result], zendesk: ZendeskStandIn
) -> None:
    at = int(NOW.timestamp()) - 86400
    zendesk.add("satisfaction_ratings", at, id=1, created_at=iso(at), updated_at=iso(at))
    whole = zendesk.answer
    zendesk.answer = lambda path, asked: (  # type: ignore[method-assign]
        (404, {}, b"{}") if "voice" in path else whole(path, asked)
    )
    result = vitals("fetch", "zendesk", "--since", "2026-11-01")
    assert result.exit_code == 1
    assert "zendesk/satisfaction_ratings: 1 file, 1 row" in result.output
    assert "✗ Zendesk knows no talk call legs here (404)." in result.output
    assert "--stream" in result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ["fetch", "genesys_cloud"],
        ["fetch", "zendesk", "--since", "yesterday"],
        ["fetch", "zendesk", "--since", "2026-11-02", "--until", "2026-11-02"],
    ],
)
def test_wrong_usage_is_told_before_anything_is_asked(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


def test_the_command_has_help_with_an_example() -> None:
    result = CliRunner().invoke(app, ["fetch", "--help"])
    assert "Examples:\n    vitals fetch" in result.output


@pytest.mark.parametrize(
    ("platform", "module"),
    [("zendesk", "dlt"), ("twilio", "twilio"), ("amazon_connect", "boto3")],
)
def test_a_missing_library_is_told_with_the_command_that_installs_it(
    paths: Paths,
    zendesk: ZendeskStandIn,
    twilio: TwilioStandIn,
    bucket: S3StandIn,
    monkeypatch: pytest.MonkeyPatch,
    platform: str,
    module: str,
) -> None:
    whole = importlib.import_module

    def without(name: str, package: str | None = None) -> ModuleType:
        if name.split(".")[0] == module:
            raise ModuleNotFoundError(name)
        return whole(name, package)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(VitalsError) as error:
        fetched(paths, platform)
    assert error.value.message.startswith(f"{module} is not installed")
    assert "pip install -e '.[fetch]'" in error.value.remedy


@pytest.mark.parametrize(
    ("platform", "variable", "secret"),
    [
        ("zendesk", "ZENDESK_API_TOKEN", "zendesk-secret-1"),
        ("twilio", "TWILIO_AUTH_TOKEN", "twilio-secret-1"),
        ("amazon_connect", "AWS_SECRET_ACCESS_KEY", "amazon-secret-1"),
    ],
)
def test_secrets_reach_no_file_no_log_and_no_message(
    vitals: Callable[..., Result],
    paths: Paths,
    zendesk: ZendeskStandIn,
    twilio: TwilioStandIn,
    bucket: S3StandIn,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    platform: str,
    variable: str,
    secret: str,
) -> None:
    at = int(NOW.timestamp()) - 86400
    zendesk.add("tickets", at, id=1, created_at=iso(at), updated_at=iso(at))
    twilio.call(1, NOW)
    bucket.put("contacts/one", b'{"ContactId": "c", "InitiationTimestamp": "2026-11-04T08:00:00Z"}', NOW)
    monkeypatch.setattr(web, "TRIES", 2)
    # boto3 tells secrets itself at this level; ours and what people see must not.
    caplog.set_level(logging.INFO)
    since = ("--since", "2026-11-04", "--until", "2026-11-06")
    told = [vitals("fetch", platform, *since)]
    assert told[0].exit_code == 0, told[0].output
    for stand_in in (zendesk, twilio, bucket):
        stand_in.faults = [401]
    told.append(vitals("--log", "json", "fetch", platform, *since))
    for stand_in in (zendesk, twilio, bucket):
        stand_in.faults = []
    # What no header may hold must not be told either.
    monkeypatch.setenv(variable, f"{secret}\nX-Other: 1")
    told.append(vitals("--debug", "fetch", platform, *since))
    monkeypatch.setenv(variable, f"{secret}-wrong")
    zendesk.credentials = twilio.credentials = bucket.credentials = "other"
    told.append(vitals("fetch", platform, *since))
    assert [one.exit_code for one in told] == [0, 1, 1, 1]
    seen = "".join(one.output for one in told) + caplog.text
    kept = [
        file for folder in (paths.landing, paths.warehouse) for file in folder.rglob("*") if file.is_file()
    ]
    assert kept
    for text in [seen, *(file.read_text(encoding="utf-8", errors="replace") for file in kept)]:
        assert secret not in text
        assert "Basic " not in text


def test_what_is_fetched_is_for_its_owner_alone(paths: Paths, twilio: TwilioStandIn) -> None:
    twilio.call(1, NOW)
    fetched(paths, "twilio", "calls")
    (file,) = (paths.landing / "twilio" / "calls").iterdir()
    for private in (file, paths.warehouse / "fetch" / "twilio.json"):
        assert private.stat().st_mode & 0o077 == 0


def test_two_fetches_of_a_platform_are_not_at_work_at_once(paths: Paths, twilio: TwilioStandIn) -> None:
    (paths.warehouse / "fetch").mkdir(parents=True)
    with (paths.warehouse / "fetch" / ".twilio.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(VitalsError, match="Another fetch of twilio is at work"):
            fetched(paths, "twilio")
    assert not twilio.asked


def test_an_unknown_stream_is_told_with_those_that_there_are(paths: Paths, twilio: TwilioStandIn) -> None:
    with pytest.raises(VitalsError) as error:
        fetched(paths, "twilio", "faxes")
    assert "calls, messages, taskrouter_events" in error.value.remedy


def test_a_net_that_is_not_there_is_told(
    paths: Paths, twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "TRIES", 2)
    monkeypatch.setenv("VITALS_TWILIO_URL", "http://127.0.0.1:1")
    with pytest.raises(FetchFailed, match="could not be reached") as failed:
        fetched(paths, "twilio", "calls")
    assert "to go on" in failed.value.remedy


def test_a_landing_that_cannot_be_written_is_told(paths: Paths, twilio: TwilioStandIn) -> None:
    twilio.call(1, NOW)
    (paths.landing / "twilio").mkdir(parents=True)
    (paths.landing / "twilio" / "calls").write_text("a file in the folder's place")
    with pytest.raises(FetchFailed, match="cannot be written"):
        fetched(paths, "twilio", "calls")


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 9, "streams": {}, "account": ""}'])
def test_a_state_that_cannot_be_understood_is_told_with_the_way_out(tmp_path: Path, text: str) -> None:
    file = tmp_path / "twilio.json"
    file.write_text(text)
    with pytest.raises(VitalsError, match=r"twilio\.json") as error:
        State(file, "account")
    assert "Remove" in error.value.remedy


def test_the_state_of_another_account_is_none(tmp_path: Path) -> None:
    file = tmp_path / "twilio.json"
    State(file, "one").keep("calls", {"through": "2026-11-05"})
    assert State(file, "one").of("calls") == {"through": "2026-11-05"}
    assert State(file, "other").of("calls") == {}
    assert "one" not in json.loads(file.read_text())["account"]


def test_a_row_is_new_when_it_changed_and_old_days_are_forgotten() -> None:
    recent = Recent({})
    assert recent.news("2026-11-01", "id", [{"id": 1, "a": 1}, {"id": 1, "a": 1}]) == [{"id": 1, "a": 1}]
    assert recent.news("2026-11-01", "id", [{"a": 1, "id": 1}]) == []
    assert recent.news("2026-11-01", "id", [{"id": 1, "a": 2}]) == [{"id": 1, "a": 2}]
    recent.forget_before("2026-11-02")
    assert recent.known == {}


def test_credentials_pass_over_https_or_stay_on_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VITALS_TWILIO_URL", "https://proxy.example/")
    assert address("VITALS_TWILIO_URL", "https://a.example") == "https://proxy.example"
    for wrong in ("http://proxy.example", "ftp://127.0.0.1", "https://", "https://user:pass@proxy.example"):
        monkeypatch.setenv("VITALS_TWILIO_URL", wrong)
        with pytest.raises(VitalsError, match="no https address"):
            address("VITALS_TWILIO_URL", "https://a.example")


def test_missing_variables_are_all_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VITALS_ONE", raising=False)
    with pytest.raises(VitalsError, match="VITALS_ONE and VITALS_TWO are not set"):
        required(["VITALS_ONE", "VITALS_TWO"], "zendesk")


def test_a_subdomain_cannot_lead_to_another_host(
    paths: Paths, zendesk: ZendeskStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENDESK_SUBDOMAIN", "evil.example/x")
    with pytest.raises(VitalsError, match="ZENDESK_SUBDOMAIN"):
        fetched(paths, "zendesk")
