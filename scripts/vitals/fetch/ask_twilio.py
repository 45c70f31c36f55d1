"""Twilio: calls and messages by the day they began, TaskRouter's events by theirs, through Twilio's SDK."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import requests

from vitals.fetch.environment import address, library, required, setting
from vitals.fetch.job import Job
from vitals.fetch.state import Recent
from vitals.fetch.web import TIMEOUT_SECONDS, no_answer, patient_session, refusal, unreachable

# Prices and last states come within two days; each fetch looks that far back again.
OVERLAP_DAYS = 2
_PAGE = 1000
_NAME = "Twilio"
_API, _TASKROUTER = "https://api.twilio.com", "https://taskrouter.twilio.com"
_URL = "VITALS_TWILIO_URL"
_WORKSPACE = "TWILIO_WORKSPACE_SID"
_PERMISSIONS = {
    "calls": "Voice, Calls: list",
    "messages": "Messaging, Messages: list",
    "taskrouter_events": "TaskRouter, Events: list",
}


def source() -> "Twilio":
    """Twilio, as the environment names it.

    Raises:
        VitalsError: a variable is missing, or the SDK is.
    """
    return Twilio()


class Twilio:
    """Twilio's REST API and TaskRouter."""

    def __init__(self) -> None:
        (self.account,) = required(["TWILIO_ACCOUNT_SID"], "twilio")
        self._variables = ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")
        user, secret = self.account, ""
        if setting("TWILIO_API_KEY"):
            self._variables = ("TWILIO_API_KEY", "TWILIO_API_SECRET")
            user, secret = required(self._variables, "twilio")
        else:
            (secret,) = required(["TWILIO_AUTH_TOKEN"], "twilio")
        self._api, self._taskrouter = address(_URL, _API), address(_URL, _TASKROUTER)
        http = library("twilio.http.http_client").TwilioHttpClient(timeout=TIMEOUT_SECONDS)
        # The SDK tries again when it cannot connect, but not when it is told to wait.
        http.session = patient_session()
        self._client = library("twilio.rest").Client(user, secret, self.account, http_client=http)

    def left_out(self, stream: str) -> str:
        """TaskRouter is optional."""
        is_out = stream == "taskrouter_events" and not setting(_WORKSPACE)
        return f"{_WORKSPACE} is not set" if is_out else ""

    def pull(self, job: Job) -> None:
        """Bring each day's rows that are new or changed, a file a page, and keep the day when it is done."""
        recent = Recent(job.memory.setdefault("recent", {}))
        through = date.fromisoformat(job.memory["through"]) if "through" in job.memory else None
        day = through - timedelta(days=OVERLAP_DAYS) if through else job.first.date()
        kept_files = 0
        while day <= job.last.date():
            if datetime.combine(day, datetime.min.time(), UTC) == job.window.until:
                # Until midnight is until the end of the day before.
                break
            job.tell(day.isoformat())
            for rows in self._pages(job.stream.name, day):
                declared = [job.declared(row) for row in rows]
                job.drop.rows_of(day.isoformat(), recent.news(day.isoformat(), "sid", declared))
            through = max(through or day, day)
            recent.forget_before((through - timedelta(days=OVERLAP_DAYS)).isoformat())
            job.memory["through"] = through.isoformat()
            if job.drop.files > kept_files:
                kept_files = job.drop.files
                job.keep(job.memory)
            day += timedelta(days=1)
        if through:
            job.keep(job.memory)

    def _pages(self, stream: str, day: date) -> Iterator[list[dict[str, Any]]]:
        """A day's rows, page by page."""
        if stream == "taskrouter_events":
            host, key = self._taskrouter, "events"
            path = f"/v1/Workspaces/{required([_WORKSPACE], 'twilio')[0]}/Events"
            # Both ends belong to it, and the second has milliseconds: midnight comes twice and lands once.
            period = {"StartDate": f"{day}T00:00:00Z", "EndDate": f"{day + timedelta(days=1)}T00:00:00Z"}
        else:
            host, key = self._api, stream
            path = f"/2010-04-01/Accounts/{self.account}/{stream.capitalize()}.json"
            period = {"StartTime" if stream == "calls" else "DateSent": day.isoformat()}
        answer = self._ask(host, path, stream, {**period, "PageSize": str(_PAGE)})
        while True:
            rows = answer.get(key)
            if not isinstance(rows, list):
                raise no_answer(_NAME, stream)
            yield rows
            following = answer.get("next_page_uri") or (answer.get("meta") or {}).get("next_page_url")
            if not following:
                return
            following = following.removeprefix(host)
            if not following.startswith("/") or following.startswith("//"):
                # Whatever an answer says: the credentials go nowhere else.
                raise no_answer(_NAME, f"the next page of {stream}")
            answer = self._ask(host, following, stream, {})

    def _ask(self, host: str, path: str, stream: str, parameters: dict[str, str]) -> dict[str, Any]:
        try:
            answer = self._client.request("GET", host + path, params=parameters)
        except requests.RequestException as error:
            raise unreachable(_NAME, error) from error
        if answer.status_code != 200:
            variables = " and ".join(self._variables)
            raise refusal(_NAME, stream, answer.status_code, variables, _PERMISSIONS[stream])
        try:
            read = json.loads(answer.text)
        except json.JSONDecodeError as error:
            raise no_answer(_NAME, stream) from error
        if not isinstance(read, dict):
            raise no_answer(_NAME, stream)
        return read
