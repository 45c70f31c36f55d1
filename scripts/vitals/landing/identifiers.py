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

import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneMetadata

from vitals.errors import VitalsError
from vitals.landing.columns import each
from vitals.landing.records import JSON, as_text, json_text
from vitals.streams import Stream

ANONYMOUS = frozenset(
    ["", "anonymous", "unknown", "restricted", "unavailable", "private", "withheld", "null", "none", "0"],
)
Hasher = Callable[[str], str | None]
_HASHED = re.compile(r"[0-9a-f]{32}")
_E164 = re.compile(r"\+([1-9][0-9]{6,14})")
# What can only be an international number, in any column: a login such as `+ann` is none.
_INTERNATIONAL = re.compile(r"\+[^a-z@+]*(;ext=[0-9]+)?")
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


def normalised(value: str, phone_region: str | None = None) -> str:
    """An identifier as it is hashed: what is one address in any reading is one text.

    Blanks around it, capitals and the schemes `tel:`, `whatsapp:` and `mailto:` go; a telephone number
    becomes E.164 (with `;ext=` where it has an extension), as libphonenumber reads it. Nothing else is
    changed: a number without its country code stays as it is unless a region is given.

    Args:
        value: a telephone number, an e-mail address or an id.
        phone_region: ISO 3166 code of the country whose national numbers the value may be; None where it is
            not known to be a telephone number.
    """
    # `tel:+33…` (RFC 3966) is the number that another platform writes bare.
    plain = value.strip().casefold().removeprefix("tel:").removeprefix("whatsapp:").removeprefix("mailto:")
    if found := _E164.fullmatch(plain):
        if _is_as_it_should_be(found[1]):
            return plain
    elif not phone_region and not _INTERNATIONAL.fullmatch(plain):
        return plain
    try:
        number = phonenumbers.parse(plain, phone_region)
    except phonenumbers.NumberParseException:
        return plain
    if not phonenumbers.is_possible_number(number):
        return plain
    written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{written};ext={number.extension}" if number.extension else str(written)


def _is_as_it_should_be(digits: str) -> bool:
    """Whether nothing could be taken from an E.164 number: nearly all are spared the costly parsing."""
    for length in (1, 2, 3):
        if int(digits[:length]) in COUNTRY_CODE_TO_REGION_CODE:
            trunk = _trunk_prefix(int(digits[:length]))
            return trunk is None or not trunk.match(digits[length:])
    return False


@lru_cache
def _trunk_prefix(country_code: int) -> re.Pattern[str] | None:
    """What a country writes before its national numbers, and what belongs into no international one."""
    region = phonenumbers.region_code_for_country_code(country_code)
    metadata = PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
    pattern = metadata and metadata.national_prefix_for_parsing
    return re.compile(pattern) if pattern else None


def hasher(
    salt: bytes, anonymous: Sequence[str] = (), keep_hashed: bool = False, phone_region: str | None = None
) -> Hasher:
    """A function from an identifier to its hash (32 hex digits), or to None when it names nobody.

    Args:
        salt: the installation's secret.
        anonymous: words that mean "no identifier", beside the built-in ones.
        keep_hashed: leave values alone that are such hashes already.
        phone_region: as `normalised` takes it.
    """
    nobody = ANONYMOUS | frozenset(anonymous)
    keyed = hmac.new(salt, digestmod="sha256")

    @lru_cache(_KEPT_HASHES)
    def hashed(value: str) -> str | None:
        if keep_hashed and _HASHED.fullmatch(value):
            return value
        if value.strip().casefold().removeprefix("tel:") in nobody:
            return None
        plain = normalised(value, phone_region)
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


def _from(least: int, hashed: Hasher) -> Hasher:
    """The same, but for values of fewer characters: they stay as they are."""
    return lambda value: value if len(value.strip()) < least else hashed(value)


class Pseudonymiser:
    """Hashes the identifiers in a stream's declared columns.

    Agents' ids stay as they are unless they are e-mail addresses. A column declared as `hash_of` another gets that one's hash, which itself stays as it is.
    """

    def __init__(self, stream: Stream, salt: bytes, keep_hashed: bool = False) -> None:
        """Finds the places of what the stream declares."""
        place = stream.columns.index
        hashed = hasher(salt, stream.anonymous, keep_hashed)
        phones = hasher(salt, stream.anonymous, keep_hashed, stream.phone_region)
        self._hashed = hashed
        self._copies = [(place(name), place(of)) for name, of in stream.hash_of.items()]
        self._agents = [(place(name), path) for name, *path in (one.split(".") for one in stream.agents)]
        self._conditions = [(place(name), words) for name, words in stream.identifiers_where.items()]
        self._targets = [
            (place(name), path, _from(stream.identifiers_from, phones if one in stream.phones else hashed))
            for one, (name, *path) in ((one, one.split(".")) for one in stream.identifiers)
        ]
        self._hidden = [(index, path) for index, path, _ in self._targets]

    def row(self, values: list[Any]) -> None:
        """Hashes in place, in the values of one row."""
        for index, of in self._copies:
            values[index] = None if values[of] is None else self._hashed(as_text(values[of]) or "")
        hides = all(values[index] in words for index, words in self._conditions)
        for index, path in self._agents:
            # What is hashed as a customer's is not hashed before as an agent's: a hash of a hash fits nobody.
            if not (hides and (index, path) in self._hidden):
                values[index] = _replaced(values[index], path, self._agent_id)
        if hides:
            for index, path, hashed in self._targets:
                values[index] = _replaced(values[index], path, hashed)

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
        for index, path, hashed in self._targets:
            text = before[index] if (index, path) in self._agents else texts[index]
            hidden = each(text, _at(path, hashed))
            texts[index] = pc.if_else(reduce(pc.and_, told), hidden, texts[index]) if told else hidden

    def _agent_id(self, value: str) -> str | None:
        return agent_id(value, self._hashed)


def pseudonymiser(stream: Stream, salt: bytes, keep_hashed: bool = False) -> Pseudonymiser | None:
    """What hashes the identifiers of a stream; None when it declares none. Arguments as of `hasher`."""
    return Pseudonymiser(stream, salt, keep_hashed) if stream.has_identifiers else None


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
