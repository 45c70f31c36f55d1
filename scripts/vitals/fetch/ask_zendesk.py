"""Zendesk: its incremental exports and its ratings, page by page, through dlt's REST client.

No address that an answer names is followed: the next page is asked for by its cursor, so that the
credentials go to the one host that the environment names.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from vitals.errors import VitalsError
from vitals.fetch.environment import address, library, required, setting
from vitals.fetch.job import Job, utc
from vitals.fetch.state import Recent
from vitals.fetch.web import no_answer, patient_session, refusal, unreachable

# A rating changes until its ticket is closed, which Zendesk does 28 days after it was solved.
RATING_DAYS = 28
# The exports refuse to begin within the last minute.
_LATEST_START = timedelta(seconds=61)
_NAME = "Zendesk"
_URL = "VITALS_ZENDESK_URL"
_CONTACT_TYPE = "ZENDESK_CONTACT_TYPE_FIELD"
_ADMIN = "the role of an administrator, which Zendesk's exports ask for"
_TALK = "the role of an administrator, or of an agent who can manage channels"
_PERMISSIONS = {
    "tickets": _ADMIN,
    "ticket_comments": _ADMIN,
    "satisfaction_ratings": _ADMIN,
    "talk_calls": _TALK,
    "talk_call_legs": _TALK,
    "users": _ADMIN,
}
_BY_CURSOR = ("tickets", "users")
_EXPORTS = {
    "ticket_comments": ("/api/v2/incremental/ticket_events.json", "ticket_events"),
    "talk_calls": ("/api/v2/channels/voice/stats/incremental/calls.json", "calls"),
    "talk_call_legs": ("/api/v2/channels/voice/stats/incremental/legs.json", "legs"),
}
_COMMENTS = ("Comment", "VoiceComment")

Parameters = dict[str, str]
Step = Callable[[Mapping[str, Any]], Parameters | None]


def source() -> "Zendesk":
    """Zendesk, as the environment names it.

    Raises:
        VitalsError: a variable is missing or wrong, or dlt is not installed.
    """
    return Zendesk()


class Zendesk:
    """Zendesk Support and Talk."""

    def __init__(self) -> None:
        (self.account,) = required(["ZENDESK_SUBDOMAIN"], "zendesk")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]*", self.account):
            raise VitalsError(
                "ZENDESK_SUBDOMAIN is no subdomain.", "Write acme when your address is acme.zendesk.com."
            )
        client = library("dlt.sources.helpers.rest_client")
        auths = library("dlt.sources.helpers.rest_client.auth")
        if setting("ZENDESK_OAUTH_TOKEN"):
            self._variables = "ZENDESK_OAUTH_TOKEN"
            (token,) = required([self._variables], "zendesk")
            auth = auths.BearerTokenAuth(token=token)
        else:
            names = ["ZENDESK_EMAIL", "ZENDESK_API_TOKEN"]
            self._variables = " and ".join(names)
            email, token = required(names, "zendesk")
            auth = auths.HttpBasicAuth(f"{email}/token", token)
        self._contact_type = setting(_CONTACT_TYPE)
        self._client = client.RESTClient(
            address(_URL, f"https://{self.account.lower()}.zendesk.com"),
            headers={"User-Agent": "vitals", "Accept": "application/json"},
            auth=auth,
            session=patient_session(),
            # Else it would look for settings in files.
            config=library("dlt.common.configuration.specs").RuntimeConfiguration(),
        )

    def left_out(self, stream: str) -> str:
        """No stream needs a setting of its own."""
        return ""

    def pull(self, job: Job) -> None:
        """Bring what was made or changed since the last time, and keep the cursor after each page."""
        if job.stream.name in _BY_CURSOR:
            self._changed(job)
        elif job.stream.name == "satisfaction_ratings":
            self._ratings(job)
        else:
            self._export(job)

    def _changed(self, job: Job) -> None:
        """The export by cursor: nothing comes twice but what changed."""

        def step(body: Mapping[str, Any]) -> Parameters | None:
            cursor = body.get("after_cursor")
            return (
                {"cursor": cursor, "per_page": "1000"} if cursor and not body.get("end_of_stream") else None
            )

        known = job.memory.get("cursor")
        start = _epoch(min(job.first, job.now - _LATEST_START))
        first = {"cursor": known} if known else {"start_time": str(start)}
        name = job.stream.name
        shaped = self._ticket if name == "tickets" else Job.declared
        path = f"/api/v2/incremental/{name}/cursor.json"
        for body, rows in self._pages(job, path, name, {**first, "per_page": "1000"}, step):
            job.drop.rows_of(_label(rows), [shaped(job, row) for row in rows])
            if body.get("after_cursor"):
                job.memory["cursor"] = body["after_cursor"]
                job.keep(job.memory)
            newest = _moment(rows[-1].get("updated_at")) if rows else None
            if newest and job.window.until and newest >= job.window.until:
                return

    def _ticket(self, job: Job, row: Mapping[str, Any]) -> dict[str, Any]:
        ticket = job.declared(row)
        # Beside the channel, it holds the customer's name and address.
        via = row.get("via")
        ticket["via"] = {"channel": via.get("channel")} if isinstance(via, dict) else None
        if self._contact_type:
            fields = row.get("custom_fields") or []
            found = [each.get("value") for each in fields if str(each.get("id")) == self._contact_type]
            ticket["custom_contact_type"] = found[0] if found else None
        return ticket

    def _export(self, job: Job) -> None:
        """An export by time: it begins with the second in which the last one ended, which comes again."""

        def step(body: Mapping[str, Any]) -> Parameters | None:
            end = body.get("end_time")
            goes_on = bool(end and body.get("count") and end > asked["at"]) and not body.get("end_of_stream")
            if goes_on:
                asked["at"] = int(end or 0)
            return {**fixed, "start_time": str(end)} if goes_on else None

        name = job.stream.name
        path, key = _EXPORTS[name]
        fixed = {"include": "comment_events"} if name == "ticket_comments" else {}
        latest = _epoch(job.now - _LATEST_START)
        at = min(int(job.memory.get("end_time") or _epoch(job.first)), latest)
        asked = {"at": at}
        for body, found in self._pages(job, path, key, {**fixed, "start_time": str(at)}, step):
            rows = [shaped for row in found for shaped in _SHAPES[name](row)]
            # Of the page before alone: its last second comes again, and no more.
            recent = Recent({"": job.memory.get("recent", {})})
            fresh = recent.news("", "id", [job.declared(row) for row in rows])
            job.drop.rows_of(_label(fresh), fresh)
            if rows:
                ids = {str(row.get("id")) for row in rows}
                job.memory["recent"] = {one: digest for one, digest in recent.known[""].items() if one in ids}
            end = body.get("end_time")
            if end:
                at = job.memory["end_time"] = max(at, int(end))
                job.keep(job.memory)
            if job.window.until and at >= _epoch(job.window.until):
                return

    def _ratings(self, job: Job) -> None:
        """The list of ratings, which knows when they were made and not when they changed: with an overlap."""

        def step(body: Mapping[str, Any]) -> Parameters | None:
            meta = body.get("meta") or {}
            cursor = meta.get("after_cursor") if meta.get("has_more") else None
            return {**period, "page[after]": cursor} if cursor else None

        overlap = timedelta(days=RATING_DAYS)
        through = _moment(job.memory.get("through"))
        start = through - overlap if through else job.first
        period = {"start_time": str(_epoch(start)), "end_time": str(_epoch(job.last)), "page[size]": "100"}
        recent = Recent(job.memory.setdefault("recent", {}))
        path = "/api/v2/satisfaction_ratings.json"
        for _, found in self._pages(job, path, "satisfaction_ratings", period, step):
            by_day: dict[str, list[dict[str, Any]]] = {}
            for row in found:
                by_day.setdefault(str(row.get("created_at"))[:10], []).append(job.declared(row))
            fresh = [row for day, rows in by_day.items() for row in recent.news(day, "id", rows)]
            job.drop.rows_of(_label(fresh), fresh)
        newest = max(through or job.last, job.last)
        recent.forget_before((newest - overlap).date().isoformat())
        job.memory["through"] = newest.isoformat()
        job.keep(job.memory)

    def _pages(
        self, job: Job, path: str, key: str, first: Parameters, step: Step
    ) -> Iterator[tuple[Mapping[str, Any], list[Mapping[str, Any]]]]:
        """Each page's whole answer and its rows.

        Args:
            path: what to ask, on the account's host.
            key: where the rows stand in an answer.
            first: the parameters of the first request.
            step: the parameters of the next one, by an answer; None when that was the last.
        """
        what = job.stream.name.replace("_", " ")
        pages = self._client.paginate(
            path,
            params=first,
            paginator=_paginator(step),
            data_selector=key,
            hooks={"response": [_only_good]},
            allow_redirects=False,
        )
        try:
            for page in pages:
                body = page.response.json()
                rows = body.get(key) if isinstance(body, dict) else None
                if not isinstance(rows, list):
                    raise no_answer(_NAME, what)
                job.tell(f"{job.drop.rows:,} rows")
                yield body, rows
        except requests.HTTPError as error:
            status = error.response.status_code if error.response is not None else 0
            raise refusal(_NAME, what, status, self._variables, _PERMISSIONS[job.stream.name]) from error
        except requests.JSONDecodeError as error:
            raise no_answer(_NAME, what) from error
        except requests.RequestException as error:
            raise unreachable(_NAME, error) from error


def _paginator(step: Step) -> Any:
    """A paginator of dlt's that asks on with what `step` makes of an answer."""
    base: Any = library("dlt.sources.helpers.rest_client.paginators").BasePaginator

    class Following(base):  # type: ignore[misc]
        def update_state(self, response: Any, data: Any = None) -> None:
            body = response.json()
            self._parameters = step(body) if isinstance(body, dict) else None
            self._has_next_page = self._parameters is not None

        def update_request(self, request: Any) -> None:
            request.params = self._parameters

    return Following()


def _only_good(response: Any, *_: Any, **__: Any) -> None:
    """A redirection leads to a log-in page or to another host; like any other status, it is no answer."""
    if response.status_code != 200:
        raise requests.HTTPError(f"status {response.status_code}", response=response)


def _comments(event: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The comments in an event of a ticket, as the list of its comments has them."""
    made = datetime.fromtimestamp(event["timestamp"], UTC) if event.get("timestamp") else None
    at = made.strftime("%Y-%m-%dT%H:%M:%SZ") if made else event.get("created_at")
    return [
        {"created_at": at, **child, "ticket_id": event.get("ticket_id")}
        for child in event.get("child_events") or []
        if child.get("event_type") in _COMMENTS
    ]


def _call(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A call with the names that the stream knows, which are a connector's."""
    call = dict(row)
    for ours, theirs in _CALL_NAMES.items():
        if theirs in row:
            call[ours] = row[theirs]
    # The export's number is that of the line; of the caller it knows the id (`customer_id`), as tickets do.
    call["phone_number"] = None
    return [call]


_CALL_NAMES = {
    "group_id": "call_group_id",
    "exceeded_queue_time": "exceeded_queue_wait_time",
    "line": "line_type",
}
_SHAPES: dict[str, Callable[[Mapping[str, Any]], list[dict[str, Any]]]] = {
    "ticket_comments": _comments,
    "talk_calls": _call,
    "talk_call_legs": lambda row: [dict(row)],
}


def _epoch(moment: datetime) -> int:
    return int(moment.timestamp())


def _label(rows: list[Any]) -> str:
    """When the last row of a page changed, for the file's name."""
    told = str((rows[-1].get("updated_at") or rows[-1].get("created_at") or "") if rows else "")
    return re.sub(r"[^0-9TZ]", "", told)[:16] or "undated"


def _moment(text: Any) -> datetime | None:
    """An ISO moment with its zone; None when it is none."""
    try:
        return utc(datetime.fromisoformat(str(text)))
    except ValueError:
        return None
