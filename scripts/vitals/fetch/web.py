"""Asking over HTTP with patience: bounded retries with growing pauses, and refusals that say what to do."""

from typing import Any

from vitals.errors import VitalsError
from vitals.fetch.environment import library

TRIES = 6
# The first pause; each later one is twice as long, unless the platform names one (Retry-After).
PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 120.0
# To connect, and between two signs of life of the answer.
TIMEOUT_SECONDS = 60.0


def patient_session() -> Any:
    """A `requests` session that tries TRIES times in all: at 429, at 5xx, when the connection breaks."""
    client = library("dlt.sources.helpers.requests").Client(
        raise_for_status=False,
        request_timeout=TIMEOUT_SECONDS,
        request_max_attempts=TRIES,
        request_backoff_factor=PAUSE_SECONDS,
        request_max_retry_delay=LONGEST_PAUSE_SECONDS,
    )
    return client.session


def refusal(platform: str, what: str, status: int, variables: str, permission: str) -> VitalsError:
    """The error for an answer that is none; nothing of the answer's text is told.

    Args:
        platform: as people call it.
        what: what was asked for.
        status: the HTTP status.
        variables: the environment variables that hold the credentials.
        permission: what the credentials must be allowed.
    """
    if status == 401:
        return VitalsError(
            f"{platform} does not accept the credentials (401).",
            f"Check {variables}: they may be wrong, revoked or of another account.",
        )
    if status == 403:
        return VitalsError(
            f"{platform} does not let these credentials read {what} (403).",
            f"Give whoever stands in {variables} this permission: {permission}.",
        )
    if status == 404:
        return VitalsError(
            f"{platform} knows no {what} here (404).",
            "Check the account in the environment; leave out with --stream what it does not have.",
        )
    if status == 429:
        return VitalsError(
            f"{platform} asks for more patience than {TRIES} tries (429).", "Fetch less often, or wait."
        )
    if status >= 500:
        return VitalsError(
            f"{platform} failed {TRIES} times when asked for {what} ({status}).", "Wait until it works again."
        )
    return VitalsError(
        f"{platform} answered status {status} when asked for {what}.", "Check the dates and the account."
    )


def unreachable(platform: str, error: Exception) -> VitalsError:
    """The error for a net that failed; of the exception only its kind is told."""
    return VitalsError(
        f"{platform} could not be reached, or broke off, {TRIES} times ({type(error).__name__}).",
        "Look after the network.",
    )


def no_answer(platform: str, what: str) -> VitalsError:
    """The error for an answer that is not what the interface promises."""
    return VitalsError(
        f"{platform} answered something else than {what}.",
        "Look whether a proxy or a log-in page stands between, and check the account.",
    )
