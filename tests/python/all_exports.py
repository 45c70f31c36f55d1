"""Exports of every platform: simulated, and made by hand where the simulator tells nothing."""

import json
import random
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from centre import PROJECT
from vitals.simulate import simulate


def every_platform(home: Path, contacts: tuple[int, int], days: int, first_day: date) -> Path:
    """A landing folder below `home` with exports of every stream.

    Args:
        contacts: of the simulated centre, and of each platform that tells its telephone queues alone.
    """
    landing, seeds = home / "landing", PROJECT / "seeds"
    simulate(landing, home / "truth", seeds, contacts[0], days, 5, first_day)
    for platform in ("five9", "genesys_cloud", "twilio"):
        told = home / platform
        simulate(told / "landing", told / "truth", seeds, contacts[1], days, 5, first_day, platform)
        shutil.copytree(told / "landing" / platform, landing / platform)
    told = home / "qualtrics"
    simulate(
        told / "landing",
        told / "truth",
        seeds,
        contacts[1],
        days,
        5,
        first_day,
        "amazon_connect",
        surveys_by="qualtrics",
    )
    shutil.copytree(told / "landing" / "qualtrics", landing / "qualtrics")
    _write_connected(landing / "qualtrics", first_day)
    _write_texts(landing / "twilio" / "messages", first_day)
    _write_conversations(landing / "intercom", first_day)
    _write_people(landing, first_day)
    return landing


def _write_texts(folder: Path, first_day: date) -> None:
    """Messages of eight customers, one of them unknown, a few files of them."""
    chance = random.Random(8)
    folder.mkdir(parents=True)
    for number in range(4):
        rows = []
        for each in range(30):
            at = _moment(first_day, chance.uniform(0, 8))
            customer, is_asked = f"+4479{chance.randrange(8)}", chance.random() < 0.5
            ends = {"from": customer, "to": "+331"} if is_asked else {"from": "+331", "to": customer}
            rows.append(
                {
                    "sid": f"SM{number}-{each}",
                    **{key: "anonymous" if end == "+44790" else end for key, end in ends.items()},
                    "direction": "inbound" if is_asked else "outbound-api",
                    "status": "received" if is_asked else "delivered",
                    "date_created": at,
                    "date_updated": at,
                    "date_sent": at,
                }
            )
        (folder / f"{number}.json").write_text(json.dumps({"messages": rows}), encoding="utf-8")


def _write_conversations(folder: Path, first_day: date) -> None:
    """Conversations of Intercom, and in other files what became of them: replies, notes, closings."""
    chance = random.Random(9)
    for stream in ("conversations", "conversation_parts"):
        (folder / stream).mkdir(parents=True)
    for number in range(4):
        conversations, parts = [], []
        for each in range(25):
            name, began = f"{number}{each:03}", chance.uniform(0, 7)
            versions: list[dict[str, Any]] = [{"state": "open"}]
            if chance.random() < 0.6:
                rating = {"rating": chance.randint(1, 5)} if chance.random() < 0.5 else {}
                asked = {"conversation_rating": {"created_at": _moment(first_day, began + 0.5), **rating}}
                versions.append({"state": "closed", **(asked if chance.random() < 0.6 else {})})
            conversations += [
                {
                    "id": name,
                    "created_at": _moment(first_day, began),
                    "updated_at": _moment(first_day, began + place * 0.5),
                    "team_assignee_id": "123456",
                    "source": {"type": "email", "author": {"id": f"c{chance.randrange(9)}"}},
                    **version,
                }
                for place, version in enumerate(versions)
            ]
            parts += [
                {
                    "id": f"{name}-{place}",
                    "conversation_id": name,
                    "part_type": kind,
                    "author": {"type": "admin", "id": f"a{chance.randrange(5)}"},
                    "created_at": _moment(first_day, began + chance.choice((0.1, 0.2, 0.3))),
                }
                for place, kind in enumerate(("note", "comment", "comment", "close"))
                if chance.random() < 0.7
            ]
        chance.shuffle(conversations)
        for stream, rows in (("conversations", conversations), ("conversation_parts", parts)):
            for half in (0, 1):
                text = json.dumps({stream: rows[half::2]})
                (folder / stream / f"{number}-{half}.json").write_text(text, encoding="utf-8")


def _write_connected(folder: Path, first_day: date) -> None:
    """What a connector lands of a survey: some responses twice, answers, embedded data."""
    chance = random.Random(10)
    for stream in ("survey_responses", "question_responses", "embedded_data"):
        (folder / stream).mkdir(parents=True)
    for number in range(4):
        responses, answers, embedded = [], [], []
        for each in range(20):
            name, began = f"R_c{number}x{each}", chance.uniform(0, 7)
            for later in range(1 + (chance.random() < 0.2)):
                responses.append(
                    {
                        "id": name,
                        "survey_id": "SV_csat5Call00001",
                        "start_date": _moment(first_day, began),
                        "end_date": _moment(first_day, began + 0.01),
                        "last_modified_date": _moment(first_day, began + 0.02 + later),
                        "status": chance.choice(("0", "0", "0", "1", "8")),
                        "finished": str(later),
                    }
                )
            answers += [
                {
                    "response_id": name,
                    "question_id": question,
                    "value": str(chance.randint(1, 6)),
                    "_fivetran_synced": _moment(first_day, began + 1),
                }
                for question in ("CSAT", "QID7")
                if chance.random() < 0.8
            ]
            embedded.append({"response_id": name, "key": "AgentId", "value": f"a{chance.randrange(5)}"})
        for stream, rows in (
            ("survey_responses", responses),
            ("question_responses", answers),
            ("embedded_data", embedded),
        ):
            chance.shuffle(rows)
            text = "".join(json.dumps(row) + "\n" for row in rows)
            (folder / stream / f"{number}.json").write_text(text, encoding="utf-8")


def _write_people(landing: Path, first_day: date) -> None:
    """Who is who, as it changes: what joins and parts those who write and chat."""
    chance = random.Random(10)
    folders = [
        landing / each for each in ("intercom/contacts", "zendesk/users", "template/shared_identifiers")
    ]
    for folder in folders:
        folder.mkdir(parents=True)
    for number in range(5):
        at = _moment(first_day, number + 1)
        contacts = [
            {
                "id": f"c{chance.randrange(9)}",
                "role": chance.choice(("user", "lead")),
                "external_id": f"own-{chance.randrange(12)}",
                "email": f"c{chance.randrange(9)}@example.org",
                "phone": f"+4479{chance.randrange(8)}" if chance.random() < 0.5 else None,
                "created_at": at,
                "updated_at": at,
            }
            for _ in range(3)
        ]
        users = [
            {
                "id": f"u{chance.randrange(6)}",
                "role": chance.choice(("end-user", "end-user", "agent")),
                "email": f"c{chance.randrange(9)}@example.org",
                "phone": f"+4479{chance.randrange(8)}" if chance.random() < 0.5 else None,
                "shared_phone_number": chance.random() < 0.2,
                "created_at": at,
                "updated_at": at,
            }
            for _ in range(3)
        ]
        marks = [f"+4479{chance.randrange(8)},{chance.choice(('true', 'false'))},{at}"]
        texts = (
            json.dumps({"data": contacts}),
            json.dumps({"users": users}),
            "\n".join(["identifier,is_shared,updated_at", *marks]) + "\n",
        )
        for folder, text in zip(folders, texts, strict=True):
            name = f"{number}.csv" if folder.parent.name == "template" else f"{number}.json"
            (folder / name).write_text(text, encoding="utf-8")


def _moment(first_day: date, days: float) -> str:
    """So many days after the beginning, ISO 8601, UTC."""
    at = datetime(first_day.year, first_day.month, first_day.day, tzinfo=UTC) + timedelta(days=days)
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
