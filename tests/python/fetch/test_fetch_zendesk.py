"""Fetching from Zendesk: cursors, late changes, faults, and the rows that its streams read."""

import time
from datetime import timedelta
from typing import Any

import pyarrow.parquet as pq
import pytest

from fetched import NOW, counts, fetched, files, landed, rows
from stand_ins import BREAK, ZendeskStandIn, iso
from vitals.fetch import FetchFailed, Window, web
from vitals.fetch.state import State
from vitals.paths import Paths

START = int((NOW - timedelta(days=2)).timestamp())


def ticket(zendesk: ZendeskStandIn, number: int, at: int, **more: Any) -> None:
    zendesk.add(
        "tickets",
        at,
        **{
            "id": number,
            "created_at": iso(START),
            "updated_at": iso(at),
            "status": "open",
            "requester_id": 380001,
            "subject": "Résumé",
            "description": "not read",
            "via": {"channel": "email", "source": {"from": {"address": "customer@example.org"}}},
            "custom_fields": [{"id": 77, "value": "billing"}],
        }
        | more,
    )


def comment(zendesk: ZendeskStandIn, number: int, at: int) -> None:
    child = {"id": 9000 + number, "event_type": "Comment", "author_id": 5, "public": True, "body": "Hello"}
    other = {"id": 9500 + number, "event_type": "Change", "status": "open"}
    zendesk.add("ticket_events", at, id=number, ticket_id=7, timestamp=at, child_events=[other, child])


def call(zendesk: ZendeskStandIn, number: int, at: int, **more: Any) -> None:
    zendesk.add(
        "calls",
        at,
        **{
            "id": number,
            "created_at": iso(at),
            "updated_at": iso(at),
            "direction": "inbound",
            "customer_id": 380001,
            "phone_number": "+35980012345",
            "phone_number_id": 12,
            "call_group_id": 44,
            "exceeded_queue_wait_time": False,
            "call_charge": "0.0120",
        }
        | more,
    )
    zendesk.add(
        "legs", at, id=100 + number, call_id=number, created_at=iso(at), updated_at=iso(at), type="agent"
    )


def rating(zendesk: ZendeskStandIn, number: int, at: int, score: str = "offered") -> None:
    zendesk.add(
        "satisfaction_ratings",
        at,
        id=number,
        created_at=iso(START + number),
        updated_at=iso(at),
        ticket_id=7,
        requester_id=380001,
        score=score,
    )


def user(zendesk: ZendeskStandIn, number: int, at: int, **more: Any) -> None:
    zendesk.add(
        "users",
        at,
        **{
            "id": 380000 + number,
            "external_id": f"crm-{number}",
            "email": f"ann{number}@example.org",
            "phone": None,
            "role": "end-user",
            "name": "Ann",
            "notes": "not read",
            "created_at": iso(START),
            "updated_at": iso(at),
        }
        | more,
    )


def fill(zendesk: ZendeskStandIn, first: int, last: int) -> None:
    for number in range(first, last + 1):
        at = START + 60 * number
        ticket(zendesk, number, at)
        comment(zendesk, number, at)
        call(zendesk, number, at)
        rating(zendesk, number, at)
        user(zendesk, number, at)


def all_streams(count: int) -> dict[str, int]:
    names = ("satisfaction_ratings", "talk_call_legs", "talk_calls", "ticket_comments", "tickets", "users")
    return dict.fromkeys(names, count)


def test_the_first_fetch_brings_all_pages_and_a_second_what_is_new(
    paths: Paths, zendesk: ZendeskStandIn
) -> None:
    fill(zendesk, 1, 5)
    assert counts(fetched(paths, "zendesk")) == all_streams(5)
    assert counts(fetched(paths, "zendesk")) == all_streams(0)
    fill(zendesk, 6, 7)
    assert counts(fetched(paths, "zendesk")) == all_streams(2)
    ids = [row["id"] for row in rows(paths, "zendesk", "tickets", "tickets")]
    assert sorted(ids) == [1, 2, 3, 4, 5, 6, 7]
    assert landed(paths).rows_landed == 7 * 6


def test_a_late_change_comes_as_a_newer_version(paths: Paths, zendesk: ZendeskStandIn) -> None:
    fill(zendesk, 1, 4)
    fetched(paths, "zendesk")
    later = START + 7200
    ticket(zendesk, 1, later, status="solved")
    call(zendesk, 2, later, wait_time=9)
    rating(zendesk, 3, later, "good")
    user(zendesk, 4, later, phone="+35980012345")
    expected = all_streams(1) | {"ticket_comments": 0}
    assert counts(fetched(paths, "zendesk", now=NOW + timedelta(days=1))) == expected
    scores = [row["score"] for row in rows(paths, "zendesk", "satisfaction_ratings", "satisfaction_ratings")]
    assert sorted(scores) == ["good", "offered", "offered", "offered", "offered"]
    landed(paths)


def test_rows_have_what_the_streams_read_and_no_more(
    paths: Paths, zendesk: ZendeskStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENDESK_CONTACT_TYPE_FIELD", "77")
    fill(zendesk, 1, 1)
    fetched(paths, "zendesk")
    (one,) = rows(paths, "zendesk", "tickets", "tickets")
    assert one["via"] == {"channel": "email"}
    assert one["custom_contact_type"] == "billing"
    assert one["subject"] == "Résumé"
    assert "description" not in one
    (told,) = rows(paths, "zendesk", "ticket_comments", "comments")
    assert told == {
        "id": 9001,
        "ticket_id": 7,
        "author_id": 5,
        "public": True,
        "created_at": iso(START + 60),
        "body": "Hello",
    }
    (spoken,) = rows(paths, "zendesk", "talk_calls", "calls")
    assert (spoken["group_id"], spoken["exceeded_queue_time"], spoken["customer_id"]) == (44, False, 380001)
    assert spoken["phone_number"] is None, "the export's number is the line's"


def test_callers_and_requesters_are_one_customer(paths: Paths, zendesk: ZendeskStandIn) -> None:
    fill(zendesk, 1, 1)
    fetched(paths, "zendesk")
    landed(paths)
    hashes = set()
    for stream, column in (("tickets", "requester_key"), ("talk_calls", "customer_id")):
        for file in (paths.raw / "zendesk" / stream).glob("*.parquet"):
            hashes |= set(pq.ParquetFile(file).read(columns=[column])[column].to_pylist())
    assert len(hashes) == 1


def test_it_waits_as_told_and_survives_failures(paths: Paths, zendesk: ZendeskStandIn) -> None:
    fill(zendesk, 1, 3)
    zendesk.faults = [(429, {"Retry-After": "1"}), 500, BREAK, 503]
    started = time.monotonic()
    assert counts(fetched(paths, "zendesk", "tickets")) == {"tickets": 3}
    assert time.monotonic() - started >= 1


def test_it_gives_up_after_so_many_tries_and_goes_on_later(paths: Paths, zendesk: ZendeskStandIn) -> None:
    fill(zendesk, 1, 3)
    fetched(paths, "zendesk", "talk_calls")
    zendesk.faults = [503] * web.TRIES
    fill(zendesk, 4, 4)
    before = files(paths, "zendesk")
    with pytest.raises(FetchFailed) as failed:
        fetched(paths, "zendesk", "talk_calls")
    assert "503" in failed.value.message
    assert "to go on" in failed.value.remedy
    assert files(paths, "zendesk") == before
    assert counts(fetched(paths, "zendesk", "talk_calls")) == {"talk_calls": 1}


def test_a_break_within_the_pages_keeps_what_came(paths: Paths, zendesk: ZendeskStandIn) -> None:
    fill(zendesk, 1, 5)
    whole = zendesk.answer

    def answer(path: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        is_down = "cursor" in asked and len(zendesk.asked) < 2 + web.TRIES
        return (500, {}, b"{}") if is_down else whole(path, asked)

    zendesk.answer = answer  # type: ignore[method-assign]
    with pytest.raises(FetchFailed) as failed:
        fetched(paths, "zendesk", "tickets")
    assert [(one.files, one.rows) for one in failed.value.outcomes] == [(1, 2)]
    assert counts(fetched(paths, "zendesk", "tickets")) == {"tickets": 3}


@pytest.mark.parametrize("stream", ["tickets", "ticket_comments", "talk_calls", "satisfaction_ratings"])
def test_a_kill_between_file_and_state_loses_and_doubles_nothing(
    paths: Paths, zendesk: ZendeskStandIn, monkeypatch: pytest.MonkeyPatch, stream: str
) -> None:
    fill(zendesk, 1, 3)

    def killed(self: State, name: str, memory: dict[str, Any]) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(State, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            fetched(paths, "zendesk", stream)
    assert files(paths, "zendesk")
    landed(paths)
    fetched(paths, "zendesk", stream)
    assert not [name for name in files(paths, "zendesk") if name.endswith(".part")]
    key = {"ticket_comments": "comments", "talk_calls": "calls"}.get(stream, stream)
    ids = [row["id"] for row in rows(paths, "zendesk", stream, key)]
    assert len(ids) == len(set(ids)) == 3
    landed(paths)


@pytest.mark.parametrize(("status", "words"), [(401, "ZENDESK_API_TOKEN"), (403, "administrator")])
def test_a_refusal_names_variable_or_permission(
    paths: Paths, zendesk: ZendeskStandIn, status: int, words: str
) -> None:
    zendesk.faults = [status]
    with pytest.raises(FetchFailed) as failed:
        fetched(paths, "zendesk", "tickets")
    assert str(status) in failed.value.message
    assert words in failed.value.remedy
    assert len(zendesk.asked) == 1


def test_a_log_in_page_is_no_answer(paths: Paths, zendesk: ZendeskStandIn) -> None:
    zendesk.answer = lambda path, asked: (200, {}, b"<html>Log in</html>")  # type: ignore[method-assign]
    with pytest.raises(FetchFailed, match="something else than tickets"):
        fetched(paths, "zendesk", "tickets")


def test_a_redirection_is_not_followed(paths: Paths, zendesk: ZendeskStandIn) -> None:
    zendesk.faults = [(302, {"Location": "/api/v2/elsewhere"})]
    with pytest.raises(FetchFailed, match="302"):
        fetched(paths, "zendesk", "tickets")
    assert len(zendesk.asked) == 1


def test_a_time_may_be_fetched_again_and_where_the_next_fetch_begins_stays(
    paths: Paths, zendesk: ZendeskStandIn
) -> None:
    fill(zendesk, 1, 5)
    fetched(paths, "zendesk")
    state = (paths.warehouse / "fetch" / "zendesk.json").read_text()
    before = files(paths, "zendesk")
    again = Window(since=NOW - timedelta(days=3), until=NOW - timedelta(days=1))
    fetched(paths, "zendesk", window=again)
    assert files(paths, "zendesk") == before
    assert (paths.warehouse / "fetch" / "zendesk.json").read_text() == state


def test_a_lost_state_fetches_all_again_and_nothing_lands_twice(
    paths: Paths, zendesk: ZendeskStandIn
) -> None:
    fill(zendesk, 1, 5)
    fetched(paths, "zendesk")
    assert landed(paths).rows_landed == 30
    (paths.warehouse / "fetch" / "zendesk.json").unlink()
    fetched(paths, "zendesk")
    assert landed(paths).rows_landed == 0


def test_the_newest_minute_is_not_asked_for(paths: Paths, zendesk: ZendeskStandIn) -> None:
    fetched(paths, "zendesk", "talk_calls", window=Window(since=NOW))
    ((_, asked),) = zendesk.asked
    assert int(asked["start_time"]) <= NOW.timestamp() - 60
