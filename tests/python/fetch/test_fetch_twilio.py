"""Fetching from Twilio: days, overlaps, faults, and TaskRouter where there is one."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from fetched import NOW, counts, fetched, files, landed, rows
from stand_ins import BREAK, TwilioStandIn
from vitals.fetch import FetchFailed, Window, web
from vitals.fetch.state import State
from vitals.paths import Paths


def at(day: int, hour: int = 9, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC)


# Fewer days than a first fetch looks back on its own.
FIRST = Window(since=at(2, 0))


def fill(twilio: TwilioStandIn, day: int, first: int, last: int) -> None:
    for number in range(first, last + 1):
        twilio.call(number, at(day, 9, number))
        twilio.message(number, at(day, 9, number))
        twilio.event(number, at(day, 9, number))


def all_streams(count: int) -> dict[str, int]:
    return dict.fromkeys(("calls", "messages", "taskrouter_events"), count)


def test_the_first_fetch_brings_all_pages_of_all_days_and_a_second_what_is_new(
    paths: Paths, twilio: TwilioStandIn
) -> None:
    fill(twilio, 3, 1, 5)
    fill(twilio, 5, 6, 6)
    assert counts(fetched(paths, "twilio", window=FIRST)) == all_streams(6)
    assert counts(fetched(paths, "twilio")) == all_streams(0)
    fill(twilio, 5, 7, 9)
    assert counts(fetched(paths, "twilio")) == all_streams(3)
    assert counts(fetched(paths, "twilio", now=NOW + timedelta(days=1))) == all_streams(0)
    sids = {row["sid"] for row in rows(paths, "twilio", "calls", "calls")}
    assert sids == {f"CA{number:032d}" for number in range(1, 10)}
    assert landed(paths).rows_landed == 9 * 3


def test_the_price_that_comes_later_comes_as_a_newer_version(paths: Paths, twilio: TwilioStandIn) -> None:
    fill(twilio, 5, 1, 4)
    fetched(paths, "twilio", window=FIRST)
    twilio.call(2, at(5, 9, 2), price="-0.0085", date_updated="Fri, 06 Nov 2026 09:00:00 +0000")
    later = NOW + timedelta(days=2)
    assert counts(fetched(paths, "twilio", now=later)) == all_streams(0) | {"calls": 1}
    versions = [
        row.get("price") for row in rows(paths, "twilio", "calls", "calls") if row["sid"].endswith("2")
    ]
    assert sorted(versions, key=str) == ["-0.0085", None]
    landed(paths)


def test_rows_have_what_the_streams_read_and_no_more(paths: Paths, twilio: TwilioStandIn) -> None:
    fill(twilio, 5, 1, 1)
    fetched(paths, "twilio", window=FIRST)
    (call,) = rows(paths, "twilio", "calls", "calls")
    assert call["from"] == "+359888000001"
    assert "uri" not in call
    (event,) = rows(paths, "twilio", "taskrouter_events", "events")
    assert event["event_data"]["task_sid"] == "WT1"


def test_an_event_at_midnight_comes_once(paths: Paths, twilio: TwilioStandIn) -> None:
    twilio.event(1, at(4, 0))
    fetched(paths, "twilio", "taskrouter_events", window=FIRST)
    landed(paths)
    sids = {row["sid"] for row in rows(paths, "twilio", "taskrouter_events", "events")}
    assert sids == {f"EV{1:032d}"}
    assert counts(fetched(paths, "twilio", "taskrouter_events")) == {"taskrouter_events": 0}


def test_a_window_brings_its_days_alone(paths: Paths, twilio: TwilioStandIn) -> None:
    for day in (1, 2, 3, 4):
        fill(twilio, day, day, day)
    window = Window(since=at(2, 0), until=at(4, 0))
    assert counts(fetched(paths, "twilio", "calls", window=window)) == {"calls": 2}
    # The day after it, and the one before, which the overlap reaches.
    assert counts(fetched(paths, "twilio", "calls")) == {"calls": 2}


def test_without_a_workspace_taskrouter_is_left_out(
    paths: Paths, twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TWILIO_WORKSPACE_SID")
    fill(twilio, 5, 1, 1)
    outcomes = fetched(paths, "twilio", window=FIRST)
    assert outcomes["taskrouter_events"].left_out == "TWILIO_WORKSPACE_SID is not set"
    assert outcomes["calls"].rows == 1


def test_it_waits_and_survives_failures(paths: Paths, twilio: TwilioStandIn) -> None:
    fill(twilio, 5, 1, 3)
    twilio.faults = [(429, {"Retry-After": "1"}), 500, BREAK, 503]
    assert counts(fetched(paths, "twilio", "calls", window=Window(since=at(5, 0)))) == {"calls": 3}


def test_it_gives_up_keeps_the_days_that_came_and_goes_on(paths: Paths, twilio: TwilioStandIn) -> None:
    fill(twilio, 4, 1, 1)
    fill(twilio, 5, 2, 2)
    whole = twilio.answer
    down = True

    def answer(path: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        return (503, {}, b"") if down and asked["StartTime"] == "2026-11-05" else whole(path, asked)

    twilio.answer = answer  # type: ignore[method-assign]
    with pytest.raises(FetchFailed) as failed:
        fetched(paths, "twilio", "calls", window=FIRST)
    assert [one.rows for one in failed.value.outcomes] == [1]
    assert twilio.asked[-web.TRIES :] == [twilio.asked[-1]] * web.TRIES
    down = False
    asked = len(twilio.asked)
    assert counts(fetched(paths, "twilio", "calls")) == {"calls": 1}
    # From the overlap on, not from the beginning.
    assert [parameters["StartTime"] for _, parameters in twilio.asked[asked:]] == [
        f"2026-11-0{day}" for day in (2, 3, 4, 5)
    ]


def test_a_first_fetch_that_was_cut_short_goes_on_with_the_same_command(
    paths: Paths, twilio: TwilioStandIn
) -> None:
    fill(twilio, 4, 1, 1)
    whole, down = twilio.answer, [True]

    def answer(path: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        return (403, {}, b"") if down and asked["StartTime"] == "2026-11-05" else whole(path, asked)

    twilio.answer = answer  # type: ignore[method-assign]
    since = Window(since=at(1, 0))
    with pytest.raises(FetchFailed):
        fetched(paths, "twilio", "calls", window=since)
    down.clear()
    twilio.asked.clear()
    assert counts(fetched(paths, "twilio", "calls", window=since)) == {"calls": 0}
    assert [asked["StartTime"][-2:] for _, asked in twilio.asked] == ["02", "03", "04", "05"]
    # Done, it is a fetch again when it is asked for once more.
    fetched(paths, "twilio", "calls", window=since)
    assert twilio.asked[4][1]["StartTime"] == "2026-11-01"


def test_a_kill_between_file_and_state_loses_and_doubles_nothing(
    paths: Paths, twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(twilio, 5, 1, 3)
    keep = State.keep

    def killed(self: State, name: str, memory: dict[str, Any]) -> None:
        if memory["through"] == "2026-11-05":
            raise KeyboardInterrupt
        keep(self, name, memory)

    with monkeypatch.context() as patch:
        patch.setattr(State, "keep", killed)
        with pytest.raises(KeyboardInterrupt):
            fetched(paths, "twilio", "calls", window=FIRST)
    before = files(paths, "twilio")
    assert len(before) == 2
    assert counts(fetched(paths, "twilio", "calls")) == {"calls": 0}
    assert files(paths, "twilio") == before
    assert landed(paths).rows_landed == 3


@pytest.mark.parametrize(("status", "words"), [(401, "TWILIO_AUTH_TOKEN"), (403, "Voice, Calls: list")])
def test_a_refusal_names_variable_or_permission(
    paths: Paths, twilio: TwilioStandIn, status: int, words: str
) -> None:
    twilio.faults = [status]
    with pytest.raises(FetchFailed) as failed:
        fetched(paths, "twilio", "calls", window=FIRST)
    assert str(status) in failed.value.message
    assert words in failed.value.remedy
    assert len(twilio.asked) == 1


def test_the_credentials_go_to_no_other_host(paths: Paths, twilio: TwilioStandIn) -> None:
    body = b'{"events": [], "meta": {"next_page_url": "http://127.0.0.1:9/v1/Workspaces"}}'
    twilio.answer = lambda path, asked: (200, {}, body)  # type: ignore[method-assign]
    with pytest.raises(FetchFailed, match="next page"):
        fetched(paths, "twilio", "taskrouter_events", window=FIRST)


def test_an_api_key_stands_for_the_token(
    paths: Paths, twilio: TwilioStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TWILIO_API_KEY", "SK1")
    monkeypatch.setenv("TWILIO_API_SECRET", "wrong")
    with pytest.raises(FetchFailed) as failed:
        fetched(paths, "twilio", "calls", window=FIRST)
    assert "TWILIO_API_SECRET" in failed.value.remedy
