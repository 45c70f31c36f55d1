"""Customer identifiers leave the landing only as salted hashes."""

import hmac
import json
import os
import re
import secrets
from collections.abc import Callable, Sequence
from functools import lru_cache, partial, reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from vitals.errors import VitalsError
from vitals.landing.columns import each
from vitals.landing.records import JSON, as_text, json_text
from vitals.streams import Stream

ANONYMOUS = frozenset(
    ["", "anonymous", "unknown", "restricted", "unavailable", "private", "withheld", "null", "none", "0"],
)
Hasher = Callable[[str], str | None]
_HASHED = re.compile(r"[0-9a-f]{32}")
# JSON that reading and writing leaves as it is: without blanks, escapes and numbers.
_PLAIN_JSON = r'^(?:[{}\[\],:]|"[^"\\\x00-\x1f]*"|null|true|false)*$'
# Identifiers come back, agents' hundreds of times: so many hashes are kept at hand.
_KEPT_HASHES = 1 << 17


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
    keyed = hmac.new(salt, digestmod="sha256")

    @lru_cache(_KEPT_HASHES)
    def hashed(value: str) -> str | None:
        if keep_hashed and _HASHED.fullmatch(value):
            return value
        # `tel:+33…` (RFC 3966) is the number that another platform writes bare: one person, one hash.
        plain = value.strip().casefold().removeprefix("tel:")
        if plain in nobody:
            return None
        # To copy what has taken in the key costs less than to take it in again.
        digest = keyed.copy()
        digest.update(plain.encode())
        return digest.hexdigest()[:32]

    return hashed


def agent_id(value: str, hashed: Hasher) -> str | None:
    """An agent's id as it may be seen: an e-mail address becomes its hash, after `platform:` or `SIP/`."""
    if "@" not in value:
        return value
    start = max(value.rfind(":"), value.rfind("/")) + 1
    return value[:start] + (hashed(value[start:]) or "")


class Pseudonymiser:
    """Hashes the identifiers in a stream's declared columns.

    Agents' ids stay as they are unless they are e-mail addresses. A column declared as `hash_of` another gets that one's hash, which itself stays as it is.
    """

    def __init__(self, stream: Stream, hashed: Hasher) -> None:
        """Finds the places of what the stream declares."""
        place = stream.columns.index
        self._hashed = hashed
        self._copies = [(place(name), place(of)) for name, of in stream.hash_of.items()]
        self._agents = [(place(name), path) for name, *path in (one.split(".") for one in stream.agents)]
        self._conditions = [(place(name), words) for name, words in stream.identifiers_where.items()]
        self._targets = [(place(name), path) for name, *path in (one.split(".") for one in stream.identifiers)]
        self._least = stream.identifiers_from

    def row(self, values: list[Any]) -> None:
        """Hashes in place, in the values of one row."""
        for index, of in self._copies:
            values[index] = None if values[of] is None else self._hashed(as_text(values[of]) or "")
        hides = all(values[index] in words for index, words in self._conditions)
        for index, path in self._agents:
            # What is hashed as a customer's is not hashed before as an agent's: a hash of a hash fits nobody.
            if not (hides and (index, path) in self._targets):
                values[index] = _replaced(values[index], path, self._agent_id)
        if hides:
            for index, path in self._targets:
                values[index] = _replaced(values[index], path, self._identifier)

    def columns(self, texts: list[pa.Array]) -> None:
        """Hashes in place, in whole columns of text: each distinct value once."""
        for index, of in self._copies:
            texts[index] = each(texts[of], self._hashed)
        told = [pc.is_in(texts[index], pa.array(words, pa.string())) for index, words in self._conditions]
        before = list(texts)
        for index, path in self._agents:
            text = texts[index]
            # Only addresses are hashed, and most exports hold none: of those the text is its own result.
            rest = pc.match_substring(text, "@")
            if path:
                rest = pc.or_(rest, pc.invert(pc.match_substring_regex(text, _PLAIN_JSON)))
            if pc.any(rest).as_py():
                changed = each(pc.if_else(rest, text, pa.scalar(None, pa.string())), _at(path, self._agent_id))
                texts[index] = pc.if_else(rest, changed, text)
        for index, path in self._targets:
            text = before[index] if (index, path) in self._agents else texts[index]
            hidden = each(text, _at(path, self._identifier))
            texts[index] = pc.if_else(reduce(pc.and_, told), hidden, texts[index]) if told else hidden

    def _identifier(self, value: str) -> str | None:
        return value if len(value.strip()) < self._least else self._hashed(value)

    def _agent_id(self, value: str) -> str | None:
        return agent_id(value, self._hashed)


def pseudonymiser(stream: Stream, hashed: Hasher) -> Pseudonymiser | None:
    """What hashes the identifiers of a stream; None when it declares none."""
    return Pseudonymiser(stream, hashed) if stream.has_identifiers else None


def _at(path: Sequence[str], hashed: Hasher) -> Callable[[str], str | None]:
    return partial(_replaced, path=path, hashed=hashed) if path else hashed


def _replaced(value: Any, path: Sequence[str], hashed: Hasher) -> Any:
    """The value with what stands at `path` hashed: in each element of a list, all of an object at its end."""
    if value is None:
        return None
    if isinstance(value, list):
        return [_replaced(one, path, hashed) for one in value]
    if isinstance(value, dict):
        return {
            key: _replaced(one, path[1:], hashed) if not path or key == path[0] else one
            for key, one in value.items()
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
