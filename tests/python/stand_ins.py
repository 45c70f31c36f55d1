"""Stand-ins for the platforms' interfaces, over HTTP on this machine: pages, cursors, faults on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.sax.saxutils import escape

BREAK = 0


class StandIn:
    """A server that answers like a platform.

    Attributes:
        faults: what the next requests get for an answer: a status, one with headers, BREAK; None is no fault.
        asked: path and parameters of every request that came, faults included.
        refused: credentials that are not these are answered with 401.
    """

    credentials = ""

    def __init__(self) -> None:
        self.faults: list[int | tuple[int, dict[str, str]] | None] = []
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.url = ""

    def answer(self, path: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path and its parameters."""
        raise NotImplementedError

    def is_known(self, authorization: str) -> bool:
        """Whether the credentials are right."""
        return authorization == self.credentials

    @contextmanager
    def served(self) -> Iterator[StandIn]:
        """Serve for the time of the block."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join(5)


def _handler(stand_in: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 5

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = dict(parse_qsl(parts.query, keep_blank_values=True))
            stand_in.asked.append((unquote(parts.path), asked))
            fault = stand_in.faults.pop(0) if stand_in.faults else None
            if fault == BREAK:
                self._answer(200, {"Content-Length": "1000"}, b'{"cut')
                self.close_connection = True
                return
            if fault is not None:
                status, headers = (fault, {}) if isinstance(fault, int) else fault
                self._answer(status, headers, b"{}")
            elif not stand_in.is_known(self.headers.get("Authorization", "")):
                self._answer(401, {}, b"{}")
            else:
                self._answer(*stand_in.answer(unquote(parts.path), asked))

        do_HEAD = do_GET  # noqa: N815 - the name that the server calls

        def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in ({"Content-Length": str(len(body))} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: pytest shows what matters."""

    return Handler


def basic(user: str, secret: str) -> str:
    """The header of HTTP's basic authentication."""
    return "Basic " + base64.b64encode(f"{user}:{secret}".encode()).decode()


def _json(body: object, status: int = 200) -> tuple[int, dict[str, str], bytes]:
    return status, {"Content-Type": "application/json"}, json.dumps(body).encode()


def iso(epoch: int) -> str:
    """A moment as Zendesk writes it."""
    return f"{datetime.fromtimestamp(epoch, UTC):%Y-%m-%dT%H:%M:%SZ}"


class ZendeskStandIn(StandIn):
    """Tickets and users by cursor; others by time or page. `at` is when a row changed (epoch)."""

    credentials = basic("ann@acme.example/token", "zendesk-secret-1")
    page = 2

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[tuple[int, dict[str, Any]]]] = {
            "tickets": [],
            "ticket_events": [],
            "calls": [],
            "legs": [],
            "satisfaction_ratings": [],
            "users": [],
        }

    def add(self, kind: str, at: int, **row: Any) -> None:
        """A row that was made or changed; a later version of an id takes the earlier one's place."""
        kept = [each for each in self.rows[kind] if each[1]["id"] != row["id"]]
        self.rows[kind] = sorted([*kept, (at, row)], key=lambda each: (each[0], each[1]["id"]))

    def answer(self, path: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """The interface's answer."""
        match path:
            case "/api/v2/incremental/tickets/cursor.json":
                return self._by_cursor("tickets", asked)
            case "/api/v2/incremental/users/cursor.json":
                return self._by_cursor("users", asked)
            case "/api/v2/incremental/ticket_events.json":
                return self._by_time("ticket_events", asked, ends=True)
            case "/api/v2/channels/voice/stats/incremental/calls.json":
                return self._by_time("calls", asked, ends=False)
            case "/api/v2/channels/voice/stats/incremental/legs.json":
                return self._by_time("legs", asked, ends=False)
            case "/api/v2/satisfaction_ratings.json":
                return self._by_page(asked)
        return _json({"error": "RecordNotFound"}, 404)

    def _by_cursor(self, kind: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        if ("cursor" in asked) == ("start_time" in asked):
            return _json({"error": "one of cursor and start_time"}, 400)
        at, after = int(asked.get("start_time", 0)) - 1, 10**12
        if "cursor" in asked:
            at, after = map(int, base64.b64decode(asked["cursor"]).decode().split("|"))
        found = [each for each in self.rows[kind] if (each[0], each[1]["id"]) > (at, after)]
        shown = found[: self.page]
        if shown:
            at, after = shown[-1][0], shown[-1][1]["id"]
        cursor = base64.b64encode(f"{at}|{after}".encode()).decode()
        return _json(
            {
                kind: [row for _, row in shown],
                "after_cursor": cursor,
                "after_url": f"https://elsewhere.example/?cursor={cursor}",
                "end_of_stream": len(shown) == len(found),
            }
        )

    def _by_time(self, kind: str, asked: dict[str, str], ends: bool) -> tuple[int, dict[str, str], bytes]:
        start = int(asked["start_time"])
        if kind == "ticket_events" and asked.get("include") != "comment_events":
            return _json({kind: []})
        found = [each for each in self.rows[kind] if each[0] >= start]
        shown = found[: self.page]
        # All of a second come together.
        shown += [each for each in found[self.page :] if each[0] == shown[-1][0]]
        end = shown[-1][0] if shown else None
        body = {
            kind: [row for _, row in shown],
            "count": len(shown),
            "end_time": end,
            "next_page": f"https://elsewhere.example/?start_time={end}",
        }
        return _json(body | ({"end_of_stream": len(shown) == len(found)} if ends else {}))

    def _by_page(self, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        made = [
            row
            for _, row in self.rows["satisfaction_ratings"]
            if iso(int(asked["start_time"])) <= row["created_at"] <= iso(int(asked["end_time"]))
        ]
        first = int(asked.get("page[after]", 0))
        more = first + self.page < len(made)
        meta = {"has_more": more, "after_cursor": str(first + self.page) if more else None}
        return _json({"satisfaction_ratings": made[first : first + self.page], "meta": meta})


ACCOUNT = "AC" + "1" * 32
WORKSPACE = "WS" + "2" * 32


class TwilioStandIn(StandIn):
    """Calls and messages of a day, the newest first, and TaskRouter's events of a time."""

    credentials = basic(ACCOUNT, "twilio-secret-1")
    page = 2

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[str, list[dict[str, Any]]] = {"calls": [], "messages": [], "events": []}

    def call(self, number: int, at: datetime, **more: Any) -> None:
        """A call; a later version of a number takes the earlier one's place."""
        self._put(
            "calls",
            {
                "sid": f"CA{number:032d}",
                "date_created": format_datetime(at),
                "date_updated": format_datetime(at),
                "start_time": format_datetime(at),
                "from": f"+3598880000{number:02d}",
                "to": "+35980012345",
                "direction": "inbound",
                "status": "completed",
                "duration": "60",
                "uri": "/not/read",
                "_at": at,
            }
            | more,
        )

    def message(self, number: int, at: datetime, **more: Any) -> None:
        """A message, likewise."""
        self._put(
            "messages",
            {
                "sid": f"SM{number:032d}",
                "date_created": format_datetime(at),
                "date_updated": format_datetime(at),
                "date_sent": format_datetime(at),
                "from": "+359888000001",
                "to": "+35980012345",
                "direction": "inbound",
                "status": "received",
                "_at": at,
            }
            | more,
        )

    def event(self, number: int, at: datetime) -> None:
        """An event of a task."""
        data = {"task_sid": f"WT{number}", "task_attributes": '{"from": "+359888000001"}'}
        self._put(
            "events",
            {
                "sid": f"EV{number:032d}",
                "event_type": "task.created",
                "event_date": f"{at:%Y-%m-%dT%H:%M:%SZ}",
                "event_date_ms": int(at.timestamp() * 1000),
                "event_data": data,
                "resource_type": "task",
                "_at": at,
            },
        )

    def _put(self, kind: str, row: dict[str, Any]) -> None:
        kept = [each for each in self.rows[kind] if each["sid"] != row["sid"]]
        self.rows[kind] = sorted([*kept, row], key=lambda each: each["_at"], reverse=True)

    def answer(self, path: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """The interface's answer."""
        if path == f"/2010-04-01/Accounts/{ACCOUNT}/Calls.json":
            return self._list("calls", path, asked, lambda at: f"{at:%Y-%m-%d}" == asked["StartTime"])
        if path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return self._list("messages", path, asked, lambda at: f"{at:%Y-%m-%d}" == asked["DateSent"])
        if path == f"/v1/Workspaces/{WORKSPACE}/Events":
            return self._list(
                "events",
                path,
                asked,
                lambda at: asked["StartDate"] <= f"{at:%Y-%m-%dT%H:%M:%SZ}" <= asked["EndDate"],
            )
        return _json({"code": 20404}, 404)

    def _list(
        self, kind: str, path: str, asked: dict[str, str], is_in: Any
    ) -> tuple[int, dict[str, str], bytes]:
        found = [row for row in self.rows[kind] if is_in(row["_at"])]
        first = int(asked.get("Page", 0)) * self.page
        shown = [
            {name: value for name, value in row.items() if name != "_at"}
            for row in found[first : first + self.page]
        ]
        following = None
        if first + self.page < len(found):
            # As the platform gives it: a path of its own, ready to be asked.
            days = "&".join(f"{name}={value}" for name, value in asked.items() if name != "Page")
            following = f"{path}?{days}&Page={first // self.page + 1}"
        if kind == "events":
            return _json(
                {kind: shown, "meta": {"next_page_url": following and self.url + following, "key": kind}}
            )
        return _json({kind: shown, "next_page_uri": following})


class S3StandIn(StandIn):
    """A bucket: ListObjectsV2, HeadObject and GetObject, path style."""

    credentials = "AKIASTANDIN"
    page = 2

    def __init__(self) -> None:
        super().__init__()
        self.objects: dict[str, tuple[bytes, datetime]] = {}

    def put(self, key: str, content: bytes, at: datetime) -> None:
        """Deliver an object, or a new version of it."""
        self.objects[key] = content, at

    def is_known(self, authorization: str) -> bool:
        """The signature is boto3's affair; the key's id says who it is."""
        return f"Credential={self.credentials}/" in authorization

    def answer(self, path: str, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """The interface's answer."""
        bucket, _, key = path.lstrip("/").partition("/")
        if bucket != "deliveries":
            return 404, {}, b"<Error><Code>NoSuchBucket</Code></Error>"
        if not key:
            return self._list(asked)
        if key not in self.objects:
            return 404, {}, b"<Error><Code>NoSuchKey</Code></Error>"
        content, at = self.objects[key]
        return 200, {"ETag": _etag(content), "Last-Modified": format_datetime(at, usegmt=True)}, content

    def _list(self, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        keys = [key for key in sorted(self.objects) if key.startswith(asked.get("prefix", ""))]
        first = int(asked.get("continuation-token", 0))
        shown = keys[first : first + self.page]
        more = first + self.page < len(keys)
        contents = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{at:%Y-%m-%dT%H:%M:%S.000Z}</LastModified>"
            f"<ETag>{escape(_etag(content))}</ETag><Size>{len(content)}</Size></Contents>"
            for key in shown
            for content, at in [self.objects[key]]
        )
        token = f"<NextContinuationToken>{first + self.page}</NextContinuationToken>" if more else ""
        body = (
            '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult>'
            f"<Name>deliveries</Name><IsTruncated>{str(more).lower()}</IsTruncated>{token}{contents}"
            "</ListBucketResult>"
        )
        return 200, {"Content-Type": "application/xml"}, body.encode()


def _etag(content: bytes) -> str:
    return f'"{hashlib.md5(content).hexdigest()}"'
