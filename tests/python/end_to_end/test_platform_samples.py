"""Exports as connectors and APIs deliver them, with all their traps, through their platform's models."""

import csv
import json
import shutil
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from centre import PROJECT
from workbench import Built, Workbench

SAMPLES = PROJECT.parent / "shared" / "data"
# Where each sample goes; those that a platform's streams do not read are reference tables of connectors.
FILES = {
    "genesys_cloud/conversations": ("conversation1.json", "conversation2.json"),
    "twilio/calls": ("twilio_call_data.csv",),
    "twilio/messages": ("twilio_message_data.csv",),
    "intercom/conversations": ("conversation_history_data.csv",),
    "intercom/conversation_parts": ("conversation_part_history_data.csv",),
    "qualtrics/survey_responses": ("survey_response.csv",),
    "qualtrics/question_responses": ("question_response.csv",),
    "qualtrics/embedded_data": ("survey_embedded_data.csv",),
    "qualtrics/distribution_contacts": ("distribution_contact.csv",),
}
PLATFORMS = sorted({stream.partition("/")[0] for stream in FILES})

pytestmark = pytest.mark.skipif(
    not all((SAMPLES / platform).is_dir() for platform in PLATFORMS),
    reason=f"the reference exports are not here: {SAMPLES}",
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    root = tmp_path_factory.mktemp("samples")
    for stream, names in FILES.items():
        target = root / "landing" / stream
        target.mkdir(parents=True)
        for name in names:
            shutil.copy(SAMPLES / stream.partition("/")[0] / name, target)
    models = [f"+int_contacts__{platform}" for platform in PLATFORMS if platform != "qualtrics"]
    tests = [f"path:models/staging/{platform}" for platform in PLATFORMS]
    return Workbench(root).build(
        "samples",
        root / "landing",
        [*models, *tests, "+int_survey_responses__intercom", "+int_survey_responses__qualtrics"],
        tests,
    )


def expected(platform: str) -> dict[str, Any]:
    return dict(json.loads((SAMPLES / platform / "expected.json").read_text(encoding="utf-8")))


def conversation(name: str) -> dict[str, Any]:
    return dict(json.loads((SAMPLES / "genesys_cloud" / name).read_text(encoding="utf-8")))


def moment(text: str) -> datetime:
    """An ISO time whose day may have one digit."""
    day, clock = text.rstrip("Z").split("T")
    year, month, date = map(int, day.split("-"))
    return datetime.fromisoformat(f"{year}-{month:02d}-{date:02d}T{clock}")


def metrics(name: str, purpose: str) -> dict[str, Decimal]:
    """The metrics of the only participant of a purpose, in seconds where they are times."""
    (participant,) = [each for each in conversation(name)["participants"] if each["purpose"] == purpose]
    (session,) = participant["sessions"]
    return {each["name"]: Decimal(each["value"]) / 1000 for each in session["metrics"]}


@pytest.mark.parametrize("name", FILES["genesys_cloud/conversations"])
def test_a_conversation_of_genesys_cloud(built: Built, name: str) -> None:
    raw = conversation(name)
    agent = metrics(name, "agent")
    ((outcome, channel, arrived_at, ended_at, wait, talk, hold, acw, agents),) = built.rows(
        "select outcome, native_channel, arrived_at, ended_at, wait_seconds, talk_seconds, hold_seconds,"
        " acw_seconds, agents_count from intermediate.int_contacts__genesys_cloud"
        f" where contact_id = 'genesys_cloud:{raw['conversationId']}'"
    )
    assert (outcome, channel, agents) == ("answered", "chat", 1)
    assert arrived_at == moment(raw["conversationStart"])
    assert (wait, talk, hold) == (agent["tAnswered"], agent["tTalk"], agent.get("tHeld", 0))
    if "conversationEnd" in raw:
        assert ended_at == moment(raw["participants"][0]["sessions"][0]["segments"][0]["segmentEnd"])
        assert talk + hold + acw == agent["tHandle"]
    else:
        # It goes on: it has no end, and what is left to do for it is not known.
        assert (ended_at, acw) == (None, None)


def test_no_name_or_number_of_a_customer_is_left_in_the_conversations(built: Built) -> None:
    rows = built.rows("select participants from staging.stg_genesys_cloud__conversations")
    assert len(rows) == len(FILES["genesys_cloud/conversations"])
    for (participants,) in rows:
        assert "John Doe" not in participants
        assert "Jane Doe" not in participants


def test_the_calls_of_twilio_and_the_one_of_30_february(built: Built) -> None:
    calls = expected("twilio")["calls"]
    ((count, ids, duration, broken, first, last),) = built.rows(
        "select count(*), count(distinct call_sid), sum(duration_seconds)::int,"
        " count(*) filter (record_status = 'quarantined'),"
        " min(created_at)::varchar, max(created_at)::varchar from staging.stg_twilio__calls"
    )
    assert (count, ids, duration) == (calls["calls"], calls["ids"], calls["total_duration_s"])
    assert (broken, first, last) == (
        calls["impossible_created_at"],
        calls["first_valid"],
        calls["last_valid"],
    )
    by_status = built.rows(
        "select call_direction, status, count(*), sum(duration_seconds)::int from staging.stg_twilio__calls"
        " group by all order by all"
    )
    assert by_status == [tuple(row.values()) for row in expected("twilio")["calls_by_direction_status"]]
    contacts = built.rows(
        "select count(*) from intermediate.int_contacts__twilio where native_channel = 'voice'"
    )
    assert contacts == [(calls["calls"] - calls["impossible_created_at"],)]


def test_the_messages_of_twilio_and_what_they_cost(built: Built) -> None:
    messages = expected("twilio")["messages_by_direction_status"]
    ((direction, status, count, segments, cost),) = built.rows(
        "select message_direction, status, count(*), sum(segments_count)::int, sum(cost_amount)"
        " from staging.stg_twilio__messages where record_status = 'current' group by all"
    )
    assert (direction, status, count) == (messages["direction"], messages["status"], messages["n"])
    assert (segments, -float(cost)) == (messages["segments"], messages["price"])
    # All to one number at once: one contact, that the centre began.
    assert built.rows(
        "select direction, count(*) from intermediate.int_contacts__twilio where native_channel = 'sms'"
        " group by all"
    ) == [("outbound", 1)]


def test_each_version_of_an_intercom_conversation_is_kept_and_the_latest_counts(built: Built) -> None:
    known = expected("intercom")
    ((rows, conversations, active),) = built.rows(
        "select count(*), count(distinct conversation_id), count(*) filter (record_status = 'current')"
        " from staging.stg_intercom__conversations"
    )
    assert (rows, conversations) == (
        known["conversations"]["history_rows"],
        known["conversations"]["conversations"],
    )
    assert active == known["conversations"]["active_rows"]
    state = known["state_of_active"]
    assert built.rows(
        "select state, count(*) from staging.stg_intercom__conversations"
        " where record_status = 'current' group by 1"
    ) == [(state["state"], state["n"])]
    source = known["by_source"]
    assert built.rows(
        "select native_channel, direction, count(*) from intermediate.int_contacts__intercom group by all"
    ) == [(source["source_type"], "inbound", source["conversations"])]
    assert built.rows("select count(*) from intermediate.int_survey_responses__intercom") == [
        (known["rated"]["rated_active"],)
    ]


def test_parts_of_conversations_that_are_not_there_answer_nobody(built: Built) -> None:
    parts = {row["part_type"]: row["n"] for row in expected("intercom")["parts"]}
    assert (
        dict(
            built.rows(
                "select part_type, count(*) from staging.stg_intercom__conversation_parts"
                " where record_status = 'current' group by 1"
            )
        )
        == parts
    )
    assert built.rows("select distinct outcome, answered_at from intermediate.int_contacts__intercom") == [
        ("diverted", None)
    ]


def table(name: str) -> list[dict[str, str]]:
    with (SAMPLES / "qualtrics" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_each_row_of_a_connectors_tables_of_qualtrics_is_staged(built: Built) -> None:
    for stream, names in FILES.items():
        if stream.startswith("qualtrics/"):
            (name,) = names
            rows = built.rows(
                "select count(*), count(*) filter (record_status = 'current')"
                f" from staging.stg_qualtrics__{stream.partition('/')[2]}"
            )
            assert rows == [(len(table(name)),) * 2], stream


def test_the_partial_responses_of_qualtrics_keep_their_times_and_names_are_hashed(built: Built) -> None:
    rows = built.rows(
        "select response_id, survey, is_finished, started_at, ended_at, updated_at, customer_key"
        " from staging.stg_qualtrics__survey_responses order by response_id"
    )
    expected_rows = sorted(table("survey_response.csv"), key=lambda row: row["id"])
    assert len(rows) == len(expected_rows) == 5
    for row, raw in zip(rows, expected_rows, strict=True):
        assert row[:3] == (raw["id"], raw["survey_id"], raw["finished"] == "1")
        times = [raw[name] for name in ("start_date", "end_date", "last_modified_date")]
        assert row[3:6] == tuple(map(datetime.fromisoformat, times))
        assert (row[6] is None) == (raw["recipient_email"] == "")
        assert "@" not in (row[6] or "")


def test_answers_to_responses_that_are_not_there_measure_nothing(built: Built) -> None:
    responses = {row["id"] for row in table("survey_response.csv")}
    assert responses.isdisjoint(row["response_id"] for row in table("question_response.csv"))
    assert built.rows("select count(*) from intermediate.int_survey_answers__qualtrics") == [(0,)]
    # Nor do invitations to surveys of which no map says what they ask.
    assert built.rows("select count(*) from intermediate.int_survey_responses__qualtrics") == [(0,)]


def test_an_invitation_of_qualtrics_names_its_survey_and_one_that_waits_is_not_delivered(
    built: Built,
) -> None:
    rows = built.rows(
        "select invitation_id, survey, is_delivered, sent_at"
        " from staging.stg_qualtrics__distribution_contacts"
    )
    expected_rows = {
        f"{row['distribution_id']}:{row['contact_id']}": (
            row["survey_link"].split("/form/")[1].split("?")[0],
            row["status"] != "Pending",
            datetime.fromisoformat(row["sent_at"]),
        )
        for row in table("distribution_contact.csv")
    }
    assert {row[0]: row[1:] for row in rows} == expected_rows
    assert {row[2] for row in rows} == {True, False}
