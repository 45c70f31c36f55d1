"""Which table a file fills, which column fills which field, and what has to be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from centre import PROJECT
from vitals.adopt.contract import contract_tables
from vitals.adopt.look import Seen, look_at
from vitals.adopt.propose import (
    Answers,
    Proposal,
    check_answers,
    check_zone,
    meaning_of,
    propose,
    questions,
    read_word,
    zone_named,
)
from vitals.errors import VitalsError

TABLES = contract_tables(PROJECT)
CALLS = """\
Call ID,Call Date,Call Time,Caller Number,Skill,Result,Queue Time,Talk Time (sec),Hold Time (sec),Agent
c1,13/10/2026,9:02:10,+359 888 123 456,Billing,Answered,12,300,30,anna
c2,13/10/2026,9:05:00,+359 888 123 457,Billing,Abandoned,40,,,
c3,14/10/2026,9:05:00,+359 888 123 458,Sales,Voicemail,65,,,
"""


@pytest.fixture
def calls(tmp_path: Path) -> Seen:
    file = tmp_path / "calls.csv"
    file.write_text(CALLS, encoding="utf-8")
    return look_at(file)


def proposed(seen: Seen, answers: Answers | None = None) -> Proposal:
    return propose(seen, answers or Answers(), TABLES)


def must(seen: Seen, answers: Answers) -> list[str]:
    """Questions that need an answer, also where nobody is asked."""
    return [each.key for each in questions(seen, proposed(seen, answers), answers) if not each.can_be_left]


def test_columns_are_mapped_by_their_names_and_values(calls: Seen) -> None:
    proposal = proposed(calls)
    assert proposal.table.name == "contacts"
    assert proposal.mapping == {
        "contact_id": ("call_id",),
        "queue": ("skill",),
        "customer": ("caller_number",),
        "arrived_at": ("call_date", "call_time"),
        "outcome": ("result",),
        "wait_seconds": ("queue_time",),
        "talk_seconds": ("talk_time_sec",),
        "hold_seconds": ("hold_time_sec",),
        "first_agent_id": ("agent",),
    }


def test_what_the_file_cannot_tell_is_asked_and_no_more(calls: Seen) -> None:
    asked = [each.key for each in questions(calls, proposed(calls), Answers())]
    needed = ["fixed:channel", "zone", "times_zone", "unit:queue_time", "includes:talk_time_sec"]
    assert asked == ["fixed:client", "fixed:site", *needed]
    assert must(calls, Answers()) == needed
    answers = Answers(
        zone="Europe/Sofia",
        times_zone="UTC",
        fixed={"channel": "voice"},
        units={"queue_time": "s"},
        includes={"talk_time_sec": ("hold",)},
    )
    proposal = proposed(calls, answers)
    check_answers(calls, proposal, answers)
    assert all(each.can_be_left for each in questions(calls, proposal, answers))


@pytest.mark.parametrize(
    "table",
    [
        "contacts",
        "contact_legs",
        "survey_responses",
        "agent_states",
        "agent_shifts",
        "quality_evaluations",
        "operating_costs",
        "agents",
        "reported_totals",
    ],
)
def test_each_table_of_the_template_is_known_by_its_columns(table: str) -> None:
    seen = look_at(PROJECT / "docs" / "template" / f"{table}.csv")
    proposal = proposed(seen)
    assert proposal.table.name == table
    for name, columns in proposal.mapping.items():
        assert columns == (name,)


def test_a_scale_is_asked_with_what_the_answers_show(tmp_path: Path) -> None:
    file = tmp_path / "nps.csv"
    file.write_text(
        "response_id,rating,submitted_at\n1,9,2026-10-05 09:00\n2,3,2026-10-05 10:00\n", encoding="utf-8"
    )
    seen = look_at(file)
    proposal = proposed(seen)
    assert proposal.table.name == "survey_responses"
    asked = {
        each.key: each.default for each in questions(seen, proposal, Answers(zone="UTC", times_zone="UTC"))
    }
    assert asked == {"fixed:instrument": "nps", "fixed:scale_min": "3", "fixed:scale_max": "9"}


def test_contacts_that_end_without_a_word_of_an_answer_are_asked_about(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text("id,begun,ended\n1,2026-10-05 09:00,2026-10-05 09:10\n", encoding="utf-8")
    seen = look_at(file)
    answers = Answers(
        zone="UTC",
        times_zone="UTC",
        fixed={"channel": "voice"},
        maps={"ended_at": ("ended",), "arrived_at": ("begun",)},
    )
    assert must(seen, answers) == ["fixed:outcome"]


def test_an_unproved_order_and_an_ambiguous_number_are_asked(tmp_path: Path) -> None:
    file = tmp_path / "calls.csv"
    file.write_text(
        'id;begun;talk_sec\n1;05.10.2026 09:00;"1,500"\n2;06.10.2026 09:00;"2,250"\n', encoding="utf-8"
    )
    seen = look_at(file)
    answers = Answers(
        zone="UTC", times_zone="UTC", fixed={"channel": "voice"}, maps={"arrived_at": ("begun",)}
    )
    asked = must(seen, answers)
    assert asked == ["date_order", "decimal_mark"]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        (Answers(maps={"contact": ("call_id",)}), "has no field 'contact'. Did you mean contact_id?"),
        (Answers(maps={"contact_id": ("cal_id",)}), "has no column 'cal_id'. Did you mean call_id?"),
        (Answers(table="calls"), "no table 'calls'"),
        (Answers(zone="Sofia"), "no time zone 'Sofia'"),
        (Answers(units={"queue_time": "sec"}), "there is no unit 'sec'"),
        (Answers(fixed={"outcome": "won"}), "outcome cannot be 'won'"),
        (Answers(maps={"arrived_at": ("agent",)}), "do not fit arrived_at (time); row 2 has 'anna'"),
        (Answers(includes={"talk_time_sec": ("ring",)}), "cannot include 'ring'"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_with_the_way_out(
    calls: Seen, answers: Answers, told: str
) -> None:
    with pytest.raises(VitalsError) as refused:
        check_answers(calls, proposed(calls, answers), answers)
    assert told in refused.value.message
    assert refused.value.remedy


def test_a_field_that_every_row_needs_names_the_flag(tmp_path: Path) -> None:
    file = tmp_path / "notes.csv"
    file.write_text("begun,note\n2026-10-05 09:00,a\n2026-10-06 09:00,b\n", encoding="utf-8")
    seen = look_at(file)
    with pytest.raises(VitalsError, match="no column says contact_id") as refused:
        questions(seen, proposed(seen, Answers(table="contacts")), Answers())
    assert "--map COLUMN=contact_id" in refused.value.remedy


@pytest.mark.parametrize(
    ("told", "meant"),
    [
        ("Eastern", "America/New_York"),
        ("eastern time", "America/New_York"),
        ("EST", "America/New_York"),
        ("edt", "America/New_York"),
        ("sofia", "Europe/Sofia"),
        ("Bulgaria", "Europe/Sofia"),
        ("New York", "America/New_York"),
        ("america/new york", "America/New_York"),
        ("utc", "UTC"),
        ("CET", "CET"),
        ("US/Eastern", "US/Eastern"),
    ],
)
def test_a_zone_is_known_by_city_country_and_common_name(told: str, meant: str) -> None:
    assert zone_named(told) == meant
    check_zone(meant)


@pytest.mark.parametrize("told", ["United States", "cst", "Boston", "???"])
def test_of_a_zone_that_may_be_several_or_none_nothing_is_guessed(told: str) -> None:
    assert zone_named(told) == told
    with pytest.raises(VitalsError) as refused:
        check_zone(told)
    assert ("Did you mean" in refused.value.message) == (told in ("United States", "cst"))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("outcome:Vanished=abandoned", "No row has the word 'vanished' as outcome"),
        ("outcome:Voicemail=lost", "outcome cannot be 'lost'"),
        ("queue:Sales=billing", "cannot be said of queue"),
        ("outcome=answered", "says nothing of a word"),
    ],
)
def test_what_a_word_means_is_refused_where_it_cannot_be(calls: Seen, told: str, why: str) -> None:
    def say() -> None:
        answers = Answers()
        read_word(answers, told)
        check_answers(calls, proposed(calls, answers), answers)

    with pytest.raises(VitalsError, match=why) as refused:
        say()
    assert refused.value.remedy


@pytest.mark.parametrize(
    ("name", "word", "ours"),
    [
        ("channel", "Constituent Call", "voice"),
        ("channel", "WhatsApp", "social"),
        ("channel", "City Worker App", None),
        ("outcome", "Not answered", "abandoned"),
        ("outcome", "Answered", "answered"),
        ("outcome", "Closed", "answered"),
        ("direction", "Outgoing", "outbound"),
        ("state", "Lunch", "break"),
    ],
)
def test_words_that_mean_one_of_ours(name: str, word: str, ours: str | None) -> None:
    assert meaning_of(name, word) == ours
