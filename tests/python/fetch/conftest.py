"""A landing of its own, the platforms' stand-ins, and credentials in the environment."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from centre import PROJECT
from stand_ins import ACCOUNT, WORKSPACE, S3StandIn, TwilioStandIn, ZendeskStandIn
from vitals.fetch import web
from vitals.paths import Paths


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """The project's declarations over an empty landing and warehouse."""
    return Paths(PROJECT, tmp_path / "landing", tmp_path / "warehouse")


@pytest.fixture(autouse=True)
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials or settings of whoever runs the tests, and short pauses."""
    for name in os.environ:
        if name.startswith(("AWS_", "TWILIO_", "ZENDESK_", "VITALS_CONNECT_")) or name.lower().endswith(
            "_proxy"
        ):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(web, "PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(web, "LONGEST_PAUSE_SECONDS", 1.0)


@pytest.fixture
def zendesk(monkeypatch: pytest.MonkeyPatch) -> Iterator[ZendeskStandIn]:
    """An account that lets us in."""
    stand_in = ZendeskStandIn()
    with stand_in.served():
        monkeypatch.setenv("VITALS_ZENDESK_URL", stand_in.url)
        monkeypatch.setenv("ZENDESK_SUBDOMAIN", "acme")
        monkeypatch.setenv("ZENDESK_EMAIL", "ann@acme.example")
        monkeypatch.setenv("ZENDESK_API_TOKEN", "zendesk-secret-1")
        yield stand_in


@pytest.fixture
def twilio(monkeypatch: pytest.MonkeyPatch) -> Iterator[TwilioStandIn]:
    """An account that lets us in."""
    stand_in = TwilioStandIn()
    with stand_in.served():
        monkeypatch.setenv("VITALS_TWILIO_URL", stand_in.url)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", ACCOUNT)
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", "twilio-secret-1")
        monkeypatch.setenv("TWILIO_WORKSPACE_SID", WORKSPACE)
        yield stand_in


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3StandIn]:
    """A bucket that lets us in."""
    stand_in = S3StandIn()
    with stand_in.served():
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", stand_in.url)
        # boto3 has pauses of its own.
        monkeypatch.setattr("botocore.endpoint.time.sleep", lambda seconds: None)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIASTANDIN")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "amazon-secret-1")
        monkeypatch.setenv("VITALS_CONNECT_CONTACT_RECORDS", "s3://deliveries/contacts/")
        monkeypatch.setenv("VITALS_CONNECT_AGENT_EVENTS", "s3://deliveries/agents/")
        yield stand_in
