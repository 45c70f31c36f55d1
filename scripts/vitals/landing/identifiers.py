"""Customer identifiers leave the landing only as salted hashes."""

import hashlib
import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from vitals.errors import VitalsError
from vitals.landing.records import JSON, as_text, json_text
from vitals.streams import Stream

ANONYMOUS = frozenset(
    ["", "anonymous", "unknown", "restricted", "unavailable", "private", "withheld", "null", "none", "0"],
)
Hasher = Callable[[str], str | None]
_HASHED = re.compile(r"[0-9a-f]{32}")


def load_salt(salt_file: Path) -> bytes:
    """The secret of this installation: VITALS_SALT, else what is in the file.

    Raises:
        VitalsError: there is none, others than the owner can read the file, or it is empty.
    """
    if value := os.environ.get("VITALS_SALT"):
        return value.encode()
    if not salt_file.exists():
        raise VitalsError(
            f"There is no salt to hash customer identifiers with: neither VITALS_SALT nor {salt_file}.",
            "Run `vitals salt` to make one, once; where files were landed before, put back the salt of then.",
        )
    if salt_file.stat().st_mode & 0o077:
        raise VitalsError(f"Others can read the salt in {salt_file}.", f"Run: chmod 600 {salt_file}")
    if not (salt := salt_file.read_bytes().strip()):
        raise VitalsError(f"The salt in {salt_file} is empty.", "Put your salt back, or remove the file.")
    return salt


def make_salt(salt_file: Path) -> bool:
    """Makes a random salt for the owner alone; False when VITALS_SALT or the file holds one already."""
    if os.environ.get("VITALS_SALT") or salt_file.exists():
        return False
    salt_file.parent.mkdir(parents=True, exist_ok=True)
    # Written aside and moved into place: a crash must not leave an empty salt.
    temporary = salt_file.with_suffix(".tmp")
    temporary.unlink(missing_ok=True)
    temporary.touch(mode=0o600, exist_ok=False)
    with temporary.open("w", encoding="ascii") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(salt_file)
    return True


def hasher(salt: bytes, anonymous: Sequence[str] = (), keep_hashed: bool = False) -> Hasher:
    """A function from an identifier to its hash (32 hex digits), or to None when it names nobody.

    Args:
        salt: the installation's secret.
        anonymous: words that mean "no identifier", beside the built-in ones.
        keep_hashed: leave values alone that are such hashes already.
    """
    nobody = ANONYMOUS | frozenset(anonymous)

    def hashed(value: str) -> str | None:
        if keep_hashed and _HASHED.fullmatch(value):
            return value
        # `tel:+33…` (RFC 3966) is the number that another platform writes bare: one person, one hash.
        plain = value.strip().casefold().removeprefix("tel:")
        return None if plain in nobody else hmac.digest(salt, plain.encode(), hashlib.sha256).hex()[:32]

    return hashed


def agent_id(value: str, hashed: Hasher) -> str | None:
    """An agent's id as it may be seen: an e-mail address becomes its hash, after `platform:` or `SIP/`."""
    if "@" not in value:
        return value
    start = max(value.rfind(":"), value.rfind("/")) + 1
    return value[:start] + (hashed(value[start:]) or "")


def pseudonymiser(stream: Stream, hashed: Hasher) -> Callable[[list[Any]], None] | None:
    """A function that hashes, in place, the identifiers in a row of declared columns; None without any.

    Agents' ids stay as they are unless they are e-mail addresses. A column declared as `hash_of` another gets that one's hash, which itself stays as it is.
    """
    paths = [path.split(".") for path in stream.identifiers]
    targets = [(stream.columns.index(name), path) for name, *path in paths]
    conditions = [(stream.columns.index(name), words) for name, words in stream.identifiers_where.items()]
    agents = [(stream.columns.index(name), path) for name, *path in (each.split(".") for each in stream.agents)]
    copies = [(stream.columns.index(name), stream.columns.index(of)) for name, of in stream.hash_of.items()]
    if not targets and not copies and not agents:
        return None

    def replace(row: list[Any]) -> None:
        for index, of in copies:
            row[index] = None if row[of] is None else hashed(as_text(row[of]) or "")
        for index, path in agents:
            row[index] = _replaced(row[index], path, lambda value: agent_id(value, hashed))
        if all(row[index] in words for index, words in conditions):
            for index, path in targets:
                row[index] = _replaced(row[index], path, hashed)

    return replace


def _replaced(value: Any, path: Sequence[str], hashed: Hasher) -> Any:
    """The value with what stands at `path` hashed: in each element of a list, all of an object at its end."""
    if value is None:
        return None
    if isinstance(value, list):
        return [_replaced(each, path, hashed) for each in value]
    if isinstance(value, dict):
        return {
            key: _replaced(each, path[1:], hashed) if not path or key == path[0] else each
            for key, each in value.items()
        }
    if path:
        try:
            inner = JSON.decode(value) if isinstance(value, str) else None
        except json.JSONDecodeError:
            inner = None
        # What does not hold the declared object is hashed whole: an identifier must not pass by chance.
        if isinstance(inner, dict | list):
            return json_text(_replaced(inner, path, hashed))
    return hashed(as_text(value) or "")
