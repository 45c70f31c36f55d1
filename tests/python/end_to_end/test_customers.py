"""What records join is one customer, across channels and vendors, and nothing else is."""

import json
import shutil
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from centre import copy_project
from increments import build_tracked, differences
from vitals import dbt_build, pipeline
from vitals.forget import LINKED, forget
from vitals.landing.identifiers import hasher
from vitals.paths import Paths
from vitals.search import finder, search

SELECT = (
    "+rpt_customer_journeys",
    "+kpi_first_contact_resolution",
    "+kpi_repeat_contact_rate",
    "+rpt_quality_identifiers",
)
BUILT_AT = datetime(2026, 11, 20)
PHONE, MAIL, REQUESTER, LEAD = "+359888123456", "ann@example.org", "360110002744", "5f19187f9c0ca3ba4e5f85a4"
SWITCHBOARD = "+35927000000"
HASHED = hasher(b"pepper")
OF_ANN = ("intercom:900", "zendesk:ticket-700", "amazon_connect:ann-calls")
IDENTITIES = "identity_id,customer,phone,email,other,updated_at"


class Story:
    """A project of its own, into whose landing files come one after the other."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths(copy_project(home / "project"), home / "landing", home / "warehouse")

    def drop(self, name: str, content: str | dict[str, Any]) -> None:
        """Puts a file into landing."""
        path = self.paths.landing / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")

    def file(self, name: str, *rows: str) -> None:
        """A file of who is who."""
        self.drop(f"template/customer_identities/{name}.csv", "\n".join([IDENTITIES, *rows]) + "\n")

    def build(self) -> None:
        """Lands what is new and builds what it touches."""
        pipeline.land(self.paths)
        build_tracked(self.paths, BUILT_AT, select=SELECT)

    def rows(self, sql: str, *values: object) -> list[tuple[Any, ...]]:
        """What a query of the work database gives."""
        with duckdb.connect(str(self.paths.work_db), read_only=True) as connection:
            return connection.execute(sql, values).fetchall()

    def flags(self, contacts: Sequence[str] = OF_ANN) -> list[tuple[Any, ...]]:
        """Of contacts, in order of arrival: a repeat, an issue's opener, resolved at once."""
        return self.rows(
            "select is_repeat, is_issue_opener, is_resolved_first_contact from marts.fct_contacts"
            " where list_contains(?, contact_id) order by arrived_at",
            list(contacts),
        )

    def keys(self, contacts: Sequence[str] = OF_ANN) -> list[str | None]:
        """Of contacts, in order of arrival: whose they are."""
        found = self.rows(
            "select customer_key from marts.fct_contacts where list_contains(?, contact_id)"
            " order by arrived_at",
            list(contacts),
        )
        return [key for (key,) in found]

    def kpi(self, kpi_id: str, contact_type: str) -> tuple[Any, ...]:
        """The sums of a KPI over the week."""
        (sums,) = self.rows(
            f"select cast(sum(numerator) as int), cast(sum(denominator) as int) from marts.kpi_{kpi_id}"
            " where contact_type = ? and day >= date '2026-10-12'",
            contact_type,
        )
        return sums

    def equals_a_full_build(self) -> bool:
        """Whether all tables are those of one build from nothing."""
        whole = Paths(self.paths.project, self.paths.landing, self.paths.warehouse.with_name("whole"))
        shutil.rmtree(whole.warehouse, ignore_errors=True)
        shutil.copytree(self.paths.raw, whole.raw)
        shutil.copytree(dbt_build.target_dir(self.paths), dbt_build.target_dir(whole))
        build_tracked(whole, BUILT_AT, select=SELECT, full=True)
        found = differences(self.paths.work_db, whole.work_db)
        assert found == {}
        return True


def template_contact(number: str, customer: str, contact_type: str, at: str) -> str:
    return f"{number},aurora_energy,voice,{contact_type},{customer},{at},{at},{at},60"


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Ann chats, mails and calls about one bill; three strangers call from one switchboard."""
    told = Story(tmp_path_factory.mktemp("customers"))
    told.drop(
        "intercom/conversations/chat.json",
        {
            "conversations": [
                {
                    "id": "900",
                    "state": "closed",
                    "created_at": "2026-10-12T09:00:00Z",
                    "updated_at": "2026-10-12T09:20:00Z",
                    "source": {
                        "type": "conversation",
                        "delivered_as": "customer_initiated",
                        "author": {"type": "lead", "id": LEAD, "email": " Ann@Example.org"},
                    },
                    "statistics": {
                        "first_admin_reply_at": "2026-10-12T09:01:00Z",
                        "last_close_at": "2026-10-12T09:20:00Z",
                    },
                    "custom_attributes": {"client": "aurora_energy", "contact_type": "billing_question"},
                }
            ]
        },
    )
    told.drop(
        "zendesk/tickets/mail.json",
        {
            "tickets": [
                {
                    "id": 700,
                    "created_at": "2026-10-13T08:00:00Z",
                    "updated_at": "2026-10-13T10:00:00Z",
                    "via": {"channel": "email"},
                    "status": "solved",
                    "brand_id": "aurora_energy",
                    "requester_id": int(REQUESTER),
                    "submitter_id": int(REQUESTER),
                    "custom_contact_type": "billing_question",
                    "is_public": True,
                    "tags": [],
                }
            ]
        },
    )
    told.drop(
        "zendesk/ticket_comments/mail.json",
        {
            "comments": [
                {
                    "id": 1,
                    "ticket_id": 700,
                    "author_id": 9,
                    "public": True,
                    "created_at": "2026-10-13T09:00:00Z",
                }
            ]
        },
    )
    told.drop(
        "amazon_connect/contact_records/call.json",
        {
            "ContactId": "ann-calls",
            "Channel": "VOICE",
            "InitiationMethod": "INBOUND",
            "InitiationTimestamp": "2026-10-14T08:00:00Z",
            "ConnectedToSystemTimestamp": "2026-10-14T08:00:00Z",
            "DisconnectTimestamp": "2026-10-14T08:05:00Z",
            "LastUpdateTimestamp": "2026-10-14T08:06:00Z",
            "Queue": {
                "Name": "Aurora",
                "EnqueueTimestamp": "2026-10-14T08:00:10Z",
                "DequeueTimestamp": "2026-10-14T08:00:20Z",
                "Duration": 10,
            },
            "Agent": {
                "Username": "anna",
                "ConnectedToAgentTimestamp": "2026-10-14T08:00:20Z",
                "AgentInteractionDuration": 280,
                "AfterContactWorkDuration": 5,
            },
            "CustomerEndpoint": {"Address": PHONE, "Type": "TELEPHONE_NUMBER"},
            "Attributes": {"client": "aurora_energy", "contact_type": "billing_question"},
        },
    )
    told.drop(
        "template/contacts/calls.csv",
        "\n".join(
            [
                "contact_id,client,channel,contact_type,customer,arrived_at,answered_at,ended_at,talk_seconds",
                # long enough ago for a whole window before the week to be covered
                template_contact("first", "+359888999999", "payment", "2026-10-01T08:00:00Z"),
                *(
                    template_contact(f"office-{day}", SWITCHBOARD, "payment", f"2026-10-{day}T08:00:00Z")
                    for day in (12, 13, 14)
                ),
            ]
        )
        + "\n",
    )
    told.build()
    return told


def test_a_link_that_comes_late_makes_a_chat_an_e_mail_and_a_call_one_issue(story: Story) -> None:
    alone = (False, True, True)
    assert story.flags() == [alone, alone, alone]
    assert story.kpi("first_contact_resolution", "billing_question") == (3, 3)
    assert story.kpi("repeat_contact_rate", "billing_question") == (0, 3)
    # the chat's e-mail address is in the same record as the visitor's number, and is the more telling one
    assert story.keys() == [HASHED(MAIL), HASHED(REQUESTER), HASHED(PHONE)]

    story.file("ann", f"1042,1042,+359 888 123-456,Ann@example.org,{REQUESTER},2026-10-16T08:00:00Z")
    story.build()

    assert story.keys() == [HASHED("1042")] * 3
    assert story.flags() == [(False, True, False), (True, False, False), (True, False, False)]
    assert story.kpi("first_contact_resolution", "billing_question") == (0, 1)
    assert story.kpi("repeat_contact_rate", "billing_question") == (2, 3)
    assert story.rows(
        "select channel_path, contacts_count, channels_count, is_resolved from marts.rpt_customer_journeys"
        " where contact_type = 'billing_question'"
    ) == [("chat › email › voice", 3, 3, True)]
    # the strangers' days stay as they were
    changed = story.rows("select distinct contact_id from changes.fct_contacts")
    assert {contact for (contact,) in changed} == set(OF_ANN)
    assert story.equals_a_full_build()


def test_a_file_without_a_new_link_resolves_nobody_anew(story: Story) -> None:
    story.drop(
        "template/contacts/stranger.csv",
        "contact_id,client,channel,contact_type,customer,arrived_at,answered_at,ended_at,talk_seconds\n"
        + template_contact("stranger", "+359888777777", "payment", "2026-10-15T08:00:00Z")
        + "\n",
    )
    # the same again, in another file
    story.file("again", f"1042,1042,+359888123456,ANN@example.org,{REQUESTER},2026-10-17T08:00:00Z")
    story.build()
    for table in (
        "int_customer_identities__unioned",
        "int_identifiers__resolved",
        "int_identifiers__resolved__touched",
    ):
        assert story.rows(f"select count(*) from changes.{table}") == [(0,)], table
    assert story.keys() == [HASHED("1042")] * 3


def test_a_switchboard_s_number_is_nobody_s_once_three_customers_have_it(story: Story) -> None:
    office = [f"template:office-{day}" for day in (12, 13, 14)]
    assert story.flags(office) == [(False, True, False), (True, False, False), (True, False, False)]
    two = [f"20{n},20{n},{SWITCHBOARD},colleague{n}@example.org,,2026-10-16T08:00:00Z" for n in (1, 2)]
    story.file("two", *two)
    story.build()
    assert story.keys(office) == [min(HASHED("201") or "", HASHED("202") or "")] * 3

    story.file("three", f"203,203,{SWITCHBOARD},colleague3@example.org,,2026-10-16T08:00:00Z")
    story.build()

    assert story.keys(office) == [None] * 3
    assert story.flags(office) == [(False, False, False)] * 3
    found = story.rows(
        "select identifier_key, customer_key from intermediate.int_identifiers__resolved"
        " where customer_key is not null"
    )
    expected = [(HASHED(each), HASHED("1042")) for each in ("1042", PHONE, MAIL, REQUESTER, LEAD)]
    for number in ("201", "202", "203"):
        mail = f"colleague{number[-1]}@example.org"
        expected += [(HASHED(each), HASHED(number)) for each in (number, mail)]
    assert sorted(found) == sorted(expected)
    assert story.rows(
        "select finding, kinds, customers_count, contacts_count from quality.rpt_quality_identifiers"
    ) == [("shared", "phone", 3, 3)]
    assert story.equals_a_full_build()

    story.drop(
        "template/shared_identifiers/known.csv",
        f"identifier,is_shared,updated_at\n{SWITCHBOARD},false,2026-10-17T08:00:00Z\n",
    )
    story.build()
    assert len(set(story.keys(office))) == 1
    assert None not in story.keys(office)
    assert story.equals_a_full_build()


def test_a_number_that_the_record_no_longer_has_is_the_customer_s_no_more(story: Story) -> None:
    story.file("moved", f"1042,1042,+359 888 000 000,{MAIL},{REQUESTER},2026-10-18T08:00:00Z")
    story.build()
    assert story.keys() == [HASHED("1042"), HASHED("1042"), HASHED(PHONE)]
    assert story.flags() == [(False, True, False), (True, False, False), (False, True, True)]
    assert story.equals_a_full_build()
    # another row of the CRM still has it
    story.file("kept", f"1042-2,1042,{PHONE},,,2026-10-18T08:00:00Z")
    story.build()
    assert story.keys() == [HASHED("1042")] * 3


def test_who_is_forgotten_by_one_identifier_is_so_by_all_and_stays_one_customer(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    story.file(
        "before",
        f"1042,1042,+359 888 000 000,{MAIL},{REQUESTER},2026-10-19T08:00:00Z",
        f"1042-2,1042,{PHONE},,,2026-10-19T08:00:00Z",
        f"201,201,{SWITCHBOARD},colleague1@example.org,,2026-10-19T08:00:00Z",
    )
    story.build()
    flags = story.flags()
    journeys = (
        "select channel_path, contacts_count, is_resolved from marts.rpt_customer_journeys order by all"
    )
    before = story.rows(journeys)
    monkeypatch.setattr(
        pipeline, "rebuild", lambda paths, tell, to: build_tracked(paths, BUILT_AT, select=SELECT)
    )
    report = forget(story.paths, [MAIL], remove_files=True)
    assert report.rows[LINKED] > 0
    assert not report.left
    own = [str(HASHED(each)) for each in (MAIL, PHONE, REQUESTER, LEAD, "1042", "+359888000000")]
    files = [file for file in story.paths.warehouse.rglob("*") if file.is_file()]
    assert search(files, finder([MAIL, *own])) == []
    assert {HASHED("201"), HASHED(SWITCHBOARD)} <= {
        key for (key,) in story.rows("select identifier_key from intermediate.int_identifiers__resolved")
    }, "other people stay"
    assert story.flags() == flags
    assert len(set(story.keys())) == 1
    assert story.rows(journeys) == before
