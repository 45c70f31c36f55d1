"""Fetching Amazon Connect's deliveries from S3: each key and version once, byte for byte."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fetched import counts, fetched, files, landed
from stand_ins import BREAK, S3StandIn
from vitals.errors import VitalsError
from vitals.fetch import FetchFailed, Window
from vitals.fetch.state import State
from vitals.paths import Paths

AT = datetime(2026, 11, 4, 9, 0, tzinfo=UTC)


def contact(number: int, version: int = 1) -> bytes:
    record = {
        "ContactId": f"c{number}",
        "Channel": "VOICE",
        "InitiationTimestamp": "2026-11-04T08:00:00Z",
        "LastUpdateTimestamp": f"2026-11-04T08:0{version}:00Z",
        "CustomerEndpoint": {"Address": "+359888000001", "Type": "TELEPHONE_NUMBER"},
    }
    return json.dumps(record).encode()


def key(number: int) -> str:
    return f"contacts/2026/11/04/08/ctr-1-2026-11-04-08-{number:02d}-00-a/b"


def fill(bucket: S3StandIn, first: int, last: int) -> None:
    for number in range(first, last + 1):
        bucket.put(key(number), contact(number) + contact(number + 100), AT)


def test_the_first_fetch_brings_all_pages_and_a_second_what_is_new(paths: Paths, bucket: S3StandIn) -> None:
    fill(bucket, 1, 5)
    bucket.put("contacts/", b"", AT)
    bucket.put("elsewhere/not-ours.json", contact(9), AT)
    event = b'{"EventId": "e1", "EventTimestamp": "2026-11-04T08:00:00.000Z", "EventType": "LOGIN"}\n'
    bucket.put("agents/events.jsonl.gz", gzip.compress(event), AT)
    assert counts(fetched(paths, "amazon_connect")) == {"agent_events": 1, "contact_records": 10}
    assert counts(fetched(paths, "amazon_connect")) == {"agent_events": 0, "contact_records": 0}
    fill(bucket, 6, 7)
    outcome = fetched(paths, "amazon_connect")["contact_records"]
    assert (outcome.files, outcome.rows) == (2, 4)
    assert landed(paths).rows_landed == 15
    assert sum(name.endswith(".jsonl.gz") for name in files(paths, "amazon_connect")) == 1


def test_a_new_version_of_an_object_comes_beside_the_old_one(paths: Paths, bucket: S3StandIn) -> None:
    fill(bucket, 1, 2)
    fetched(paths, "amazon_connect", "contact_records")
    bucket.put(key(1), contact(1, version=2), AT + timedelta(hours=1))
    assert counts(fetched(paths, "amazon_connect", "contact_records")) == {"contact_records": 1}
    assert len(files(paths, "amazon_connect")) == 3
    landed(paths)


def test_files_come_byte_for_byte(paths: Paths, bucket: S3StandIn) -> None:
    fill(bucket, 1, 1)
    fetched(paths, "amazon_connect", "contact_records")
    (name,) = files(paths, "amazon_connect")
    assert (paths.landing / "amazon_connect" / name).read_bytes() == contact(1) + contact(101)


def test_a_window_is_of_the_time_of_delivery(paths: Paths, bucket: S3StandIn) -> None:
    for day in range(3):
        bucket.put(key(day), contact(day), AT + timedelta(days=day))
    window = Window(since=AT + timedelta(days=1), until=AT + timedelta(days=2))
    assert counts(fetched(paths, "amazon_connect", "contact_records", window=window)) == {
        "contact_records": 1
    }
    assert counts(fetched(paths, "amazon_connect", "contact_records")) == {"contact_records": 2}


def test_a_stream_without_a_place_is_left_out(
    paths: Paths, bucket: S3StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VITALS_CONNECT_AGENT_EVENTS")
    fill(bucket, 1, 1)
    outcomes = fetched(paths, "amazon_connect")
    assert outcomes["agent_events"].left_out == "VITALS_CONNECT_AGENT_EVENTS is not set"
    assert outcomes["contact_records"].rows == 2
    monkeypatch.delenv("VITALS_CONNECT_CONTACT_RECORDS")
    with pytest.raises(VitalsError, match="VITALS_CONNECT_CONTACT_RECORDS is not set"):
        fetched(paths, "amazon_connect")


def test_it_survives_failures(paths: Paths, bucket: S3StandIn) -> None:
    fill(bucket, 1, 3)
    bucket.faults = [503, 500]
    assert counts(fetched(paths, "amazon_connect", "contact_records")) == {"contact_records": 6}
    fill(bucket, 4, 4)
    # Two pages of the list, then what the object is like, then its content, which breaks off.
    bucket.faults = [None, None, None, BREAK]
    assert counts(fetched(paths, "amazon_connect", "contact_records")) == {"contact_records": 2}
    assert not bucket.faults
    landed(paths)


def test_it_gives_up_keeps_what_came_and_goes_on(paths: Paths, bucket: S3StandIn) -> None:
    fill(bucket, 1, 3)
    whole, down = bucket.answer, [True]

    def answer(path: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        return (500, {}, b"") if down and path.endswith("03-00-a/b") else whole(path, asked)

    bucket.answer = answer  # type: ignore[method-assign]
    with pytest.raises(FetchFailed) as failed:
        fetched(paths, "amazon_connect", "contact_records")
    assert [(one.files, one.rows) for one in failed.value.outcomes] == [(2, 4)]
    assert not [name for name in files(paths, "amazon_connect") if name.endswith(".part")]
    down.clear()
    assert counts(fetched(paths, "amazon_connect", "contact_records")) == {"contact_records": 2}


def test_a_kill_between_file_and_state_loses_and_doubles_nothing(
    paths: Paths, bucket: S3StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(bucket, 1, 3)

    def killed(self: State, name: str, memory: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(State, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            fetched(paths, "amazon_connect", "contact_records")
    (paths.landing / "amazon_connect" / "contact_records" / "half.json.fetch.part").write_bytes(b"{")
    before = files(paths, "amazon_connect")
    assert counts(fetched(paths, "amazon_connect", "contact_records")) == {"contact_records": 0}
    assert files(paths, "amazon_connect") == [name for name in before if not name.endswith(".part")]
    assert landed(paths).rows_landed == 6


def test_credentials_that_are_not_known_are_told_by_their_variables(
    paths: Paths, bucket: S3StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOTHER")
    with pytest.raises(FetchFailed) as failed:
        fetched(paths, "amazon_connect")
    assert "401" in failed.value.message
    assert "AWS_SECRET_ACCESS_KEY" in failed.value.remedy


def test_a_missing_permission_is_named(paths: Paths, bucket: S3StandIn) -> None:
    bucket.faults = [403]
    with pytest.raises(FetchFailed) as failed:
        fetched(paths, "amazon_connect", "contact_records")
    assert "s3:ListBucket on the bucket deliveries" in failed.value.remedy
    assert "s3:GetObject on deliveries/contacts/*" in failed.value.remedy


def test_an_unknown_bucket_and_a_place_that_is_none(
    paths: Paths, bucket: S3StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VITALS_CONNECT_CONTACT_RECORDS", "s3://other/contacts/")
    with pytest.raises(FetchFailed, match="404"):
        fetched(paths, "amazon_connect", "contact_records")
    monkeypatch.setenv("VITALS_CONNECT_CONTACT_RECORDS", "deliveries/contacts")
    with pytest.raises(VitalsError, match="names no place in S3"):
        fetched(paths, "amazon_connect")


def test_credentials_come_from_the_environment_alone(
    paths: Paths, bucket: S3StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(VitalsError, match="AWS_SECRET_ACCESS_KEY is not set"):
        fetched(paths, "amazon_connect")
