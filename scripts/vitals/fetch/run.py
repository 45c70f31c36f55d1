"""One fetch: a platform's streams one after the other, each as far as it goes, and what it came to."""

import fcntl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from vitals.errors import VitalsError
from vitals.fetch.drop import Drop
from vitals.fetch.job import Job, Outcome, Source, Window, utc
from vitals.fetch.state import Memory, State
from vitals.paths import Paths
from vitals.streams import Stream, load_streams

# The modules that ask; each is imported when its platform is, since its libraries take seconds.
PLATFORMS = {
    "amazon_connect": "vitals.fetch.ask_amazon",
    "twilio": "vitals.fetch.ask_twilio",
    "zendesk": "vitals.fetch.ask_zendesk",
}
_GO_ON = "Run the same command again to go on from there."
_AGAIN = "Run the same command again: what stands in landing is not written anew."
# In a memory: the beginning that the first fetch was asked for, until it came to its end.
_UNFINISHED = "unfinished_since"

Progress = Callable[[str, int, int, str], None]


class FetchFailed(VitalsError):  # noqa: N818 - it reads as what happened
    """A fetch that ended early.

    Args:
        message: what failed.
        remedy: what to do about it.
        outcomes: what had come before; it stays.
    """

    def __init__(self, message: str, remedy: str, outcomes: Sequence[Outcome]) -> None:
        super().__init__(message, remedy)
        self.outcomes = tuple(outcomes)


def fetch(
    paths: Paths,
    platform: str,
    streams: Sequence[str] = (),
    window: Window | None = None,
    tell: Progress = lambda step, done, total, detail: None,
    now: datetime | None = None,
) -> list[Outcome]:
    """Bring what a platform has since the last time into landing.

    Args:
        platform: a key of PLATFORMS.
        streams: names of its streams; none is all of them.
        window: from when to when; a beginning fetches again what is known already, and what is known stays.
        tell: hears what is at work.
        now: the clock's time; None is the present.

    Returns:
        What came of each stream, in the order of the declarations.

    Raises:
        VitalsError: the environment lacks something, or a fetch of the platform is at work.
        FetchFailed: the platform refused, or could not be reached; what came before stays.
    """
    asked = window or Window()
    moment = utc(now or datetime.now(UTC))
    declared = {each.name: each for each in load_streams(paths.project) if each.platform == platform}
    wanted = _wanted(declared, streams, platform)
    source: Source = import_module(PLATFORMS[platform]).source()
    outcomes: list[Outcome] = []
    with _alone(paths, platform) as folder:
        state = State(folder / f"{platform}.json", source.account)
        for stream in wanted:
            reason = source.left_out(stream.name)
            if reason:
                outcomes.append(Outcome(stream.key, left_out=reason))
                continue
            tell(f"Fetching {stream.key}", 0, 0, "")
            _one(paths, source, state, stream, asked, moment, tell, outcomes)
    return outcomes


def _one(
    paths: Paths,
    source: Source,
    state: State,
    stream: Stream,
    window: Window,
    now: datetime,
    tell: Progress,
    outcomes: list[Outcome],
) -> None:
    """One stream; what came of it is added to the outcomes, also when it failed."""
    known = state.of(stream.name)
    asked = window.since.isoformat() if window.since else None
    # Whoever asks for a time again must not set back, or on, where the next plain fetch begins;
    # but the first fetch, cut short, goes on when it is asked for in the same words.
    is_again = bool(known and asked and known.get(_UNFINISHED) != asked)
    memory: Memory = {} if is_again else known or ({_UNFINISHED: asked} if asked else {})
    go_on = _AGAIN if is_again else _GO_ON

    def keep(memory: Memory) -> None:
        if not is_again:
            state.keep(stream.name, memory)

    drop = None
    try:
        drop = Drop(paths.landing, stream)
        source.pull(
            Job(
                stream=stream,
                drop=drop,
                memory=memory,
                window=window,
                now=now,
                keep=keep,
                tell=lambda detail: tell(f"Fetching {stream.key}", 0, 0, detail),
            )
        )
        if memory.pop(_UNFINISHED, None):
            keep(memory)
    except VitalsError as error:
        remedy = f"{error.remedy} What came before stays. {go_on}".strip()
        raise FetchFailed(error.message, remedy, _with(outcomes, stream, drop)) from error
    except OSError as error:
        place = error.filename or paths.landing / stream.key
        raise FetchFailed(
            f"{place} cannot be written: {error.strerror or type(error).__name__}.",
            f"Free space or mend the permissions. {go_on}",
            _with(outcomes, stream, drop),
        ) from error
    outcomes.append(Outcome(stream.key, drop.files, drop.rows))


def _with(outcomes: Sequence[Outcome], stream: Stream, drop: Drop | None) -> list[Outcome]:
    """What had come, with what the stream that failed brought."""
    last = [Outcome(stream.key, drop.files, drop.rows)] if drop and drop.files else []
    return [*outcomes, *last]


def _wanted(declared: dict[str, Stream], names: Sequence[str], platform: str) -> list[Stream]:
    unknown = [name for name in names if name not in declared]
    if unknown:
        raise VitalsError(
            f"{platform} has no stream {unknown[0]}.", f"It has: {', '.join(sorted(declared))}."
        )
    return [each for name, each in sorted(declared.items()) if not names or name in names]


@contextmanager
def _alone(paths: Paths, platform: str) -> Iterator[Path]:
    """The folder of the states, while no other fetch of the platform is at work."""
    folder = paths.warehouse / "fetch"
    if not paths.warehouse.exists():
        paths.warehouse.mkdir(parents=True)
        # Readers of a published file must pass.
        paths.warehouse.chmod(0o755)
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / f".{platform}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise VitalsError(
                f"Another fetch of {platform} is at work.", "Wait until it has finished, or stop it."
            ) from None
        yield folder
