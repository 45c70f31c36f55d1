"""The project's own reference seeds: queues, sites, thresholds, rates, and each platform's words."""

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from zoneinfo import ZoneInfo

from vitals.errors import VitalsError

UNMAPPED = "unmapped"
UNCLASSIFIED = "unclassified"


@dataclass(frozen=True, slots=True)
class Queue:
    """A row of seeds/reference/queues.csv."""

    slug: str
    client: str
    site: str
    service_type: str | None = None


@dataclass(frozen=True, slots=True)
class Threshold:
    """A row of thresholds.csv or targets.csv; None in a scope column means any. valid_to is excluded."""

    client: str | None
    queue: str | None
    channel: str | None
    valid_from: date
    valid_to: date | None
    value: Decimal

    def rank(self, client: str, queue: str, channel: str) -> int:
        """How specific the row is for a scope (queue, then client, then channel); -1 when it is another's."""
        rank = 0
        for own, asked, weight in (
            (self.queue, queue, 4),
            (self.client, client, 2),
            (self.channel, channel, 1),
        ):
            if own is not None:
                if own != asked:
                    return -1
                rank += weight
        return rank


@dataclass(frozen=True, slots=True)
class Segment:
    """A row of seeds/reference/customer_segments.csv; value_to and valid_to are excluded, None = no bound."""

    kind: str
    slug: str
    value_from: Decimal
    value_to: Decimal | None
    valid_from: date
    valid_to: date | None


@dataclass(frozen=True, slots=True)
class BusinessEvent:
    """A row of seeds/reference/business_events.csv; None means any, both days are included."""

    slug: str
    client: str | None
    queue: str | None
    contact_type: str | None
    first_day: date
    last_day: date


@dataclass(slots=True)
class Words:
    """The words of one platform: slug to native words, and back, as its map seed tells."""

    natives: dict[tuple[str, str], list[str]] = field(default_factory=lambda: defaultdict(list))
    slugs: dict[tuple[str, str], str] = field(default_factory=dict)

    def native(self, kind: str, slug: str) -> str:
        """The platform's first word for a slug; the slug itself when the map has none."""
        found = self.natives.get((kind, slug))
        return found[0] if found else slug

    def all_native(self, kind: str, slug: str) -> list[str]:
        """Every word of the platform for a slug; the slug itself when the map has none."""
        return self.natives.get((kind, slug)) or [slug]


class Reference:
    """What the seeds say.

    Args:
        seeds: the project's seeds folder, with reference/ and maps/.

    Raises:
        VitalsError: a seed is missing.
    """

    def __init__(self, seeds: Path) -> None:
        self.seeds = seeds
        self.zones = {row["site"]: ZoneInfo(row["zone"]) for row in seed_rows(seeds, "reference/sites.csv")}
        self.countries = {row["site"]: row["country"] for row in seed_rows(seeds, "reference/sites.csv")}
        self.queues = {
            row["queue"]: Queue(row["queue"], row["client"], row["site"], row["service_type"] or None)
            for row in seed_rows(seeds, "reference/queues.csv")
        }
        self.contact_types = {row["contact_type"] for row in seed_rows(seeds, "reference/contact_types.csv")}
        self._rates = [
            (
                row["currency"],
                date.fromisoformat(row["valid_from"]),
                _day(row["valid_to"]),
                Decimal(row["rate"]),
            )
            for row in seed_rows(seeds, "reference/exchange_rates.csv")
            if row["reporting_currency"] == "EUR"
        ]
        self._thresholds: dict[str, list[Threshold]] = defaultdict(list)
        for row in seed_rows(seeds, "reference/thresholds.csv"):
            self._thresholds[row["threshold"]].append(_threshold(row, row["value"]))
        self._targets: dict[str, list[Threshold]] = defaultdict(list)
        for row in seed_rows(seeds, "reference/targets.csv"):
            self._targets[row["kpi_id"]].append(_threshold(row, row["target"]))
        self.events = [
            BusinessEvent(
                row["event_id"],
                row["client"] or None,
                row["queue"] or None,
                row["contact_type"] or None,
                date.fromisoformat(row["first_day"]),
                date.fromisoformat(row["last_day"]),
            )
            for row in seed_rows(seeds, "reference/business_events.csv")
        ]
        self.holidays = {
            (row["country"], date.fromisoformat(row["date"]))
            for row in seed_rows(seeds, "reference/holidays.csv")
        }
        self._segments = [
            Segment(
                row["kind"],
                row["segment"],
                Decimal(row["value_from"]),
                Decimal(row["value_to"]) if row["value_to"] else None,
                date.fromisoformat(row["valid_from"]),
                _day(row["valid_to"]),
            )
            for row in seed_rows(seeds, "reference/customer_segments.csv")
        ]
        self.words = {
            platform: _words(seeds, platform)
            for platform in (
                "amazon_connect",
                "asterisk",
                "five9",
                "genesys_cloud",
                "template",
                "twilio",
                "zendesk",
            )
        }
        self._found: dict[tuple[str, str, str, str, date], Decimal] = {}
        self._offsets: dict[tuple[str, int], int] = {}
        self._days: dict[int, date] = {}

    def rate(self, currency: str, day: date) -> Decimal:
        """Euros for one unit of the currency on a day."""
        for code, valid_from, valid_to, rate in self._rates:
            if code == currency and valid_from <= day and (valid_to is None or day < valid_to):
                return rate
        raise VitalsError(
            f"No exchange rate {currency} to EUR on {day}.", "Add it to seeds/reference/exchange_rates.csv."
        )

    def threshold(self, name: str, client: str, queue: str, channel: str, day: date) -> int:
        """The value, a whole number, of the most specific threshold in force on a local day."""
        value = self.setting(name, day, client, queue, channel)
        if value != int(value):
            raise VitalsError(
                f"The simulator takes {name} in whole numbers, and {value} is none.",
                "Round it in seeds/reference/thresholds.csv while you simulate.",
            )
        return int(value)

    def setting(self, name: str, day: date, client: str = "", queue: str = "", channel: str = "") -> Decimal:
        """As `threshold`, exactly; without a scope the row for any client, queue and channel."""
        asked = (name, client, queue, channel, day)
        if asked not in self._found:
            found = _in_force(self._thresholds[name], client, queue, channel, day)
            if found is None:
                raise VitalsError(
                    f"No {name} for {client}, {queue}, {channel} on {day}.",
                    "Add it to seeds/reference/thresholds.csv.",
                )
            self._found[asked] = found
        return self._found[asked]

    def optional_setting(
        self, name: str, day: date, client: str = "", queue: str = "", channel: str = ""
    ) -> Decimal | None:
        """As `setting`, or None where no row is in force."""
        return _in_force(self._thresholds[name], client, queue, channel, day)

    def target(self, kpi_id: str, client: str, queue: str, channel: str, day: date) -> Decimal | None:
        """The most specific target in force on a local day, None without any."""
        return _in_force(self._targets[kpi_id], client, queue, channel, day)

    def segment(self, kind: str, value: Fraction, day: date) -> str:
        """The customer segment of a kind that a value is in on a day; `unknown` outside all of them."""
        for each in self._segments:
            if (
                each.kind == kind
                and each.value_from <= value
                and (each.value_to is None or value < each.value_to)
                and each.valid_from <= day
                and (each.valid_to is None or day < each.valid_to)
            ):
                return each.slug
        return "unknown"

    def offset(self, site: str, at: int) -> int:
        """Seconds from UTC to the site's clock; 0 for an unknown site. Zones change at whole UTC hours."""
        hour = at // 3600
        if (site, hour) not in self._offsets:
            zone = self.zones.get(site)
            moment = datetime.fromtimestamp(hour * 3600, UTC)
            shift = moment.astimezone(zone).utcoffset() if zone else None
            self._offsets[site, hour] = int((shift or timedelta()).total_seconds())
        return self._offsets[site, hour]

    def local_day(self, site: str, at: int) -> date:
        """The site's local date at a UTC second."""
        number = (at + self.offset(site, at)) // 86400
        if number not in self._days:
            self._days[number] = date(1970, 1, 1) + timedelta(days=number)
        return self._days[number]

    def midnight(self, site: str, day: date) -> int:
        """The UTC second at which a local day begins at the site."""
        return int(datetime(day.year, day.month, day.day, tzinfo=self.zones[site]).timestamp())

    def slug(self, platform: str, kind: str, native: str | None) -> str | None:
        """Our slug for a platform's word, as the map seeds read it; None when no map knows it."""
        return self.words[platform].slugs.get((kind, native.strip().lower())) if native else None


def seed_rows(seeds: Path, name: str) -> list[dict[str, str]]:
    """The rows of a seed as text, by column name.

    Raises:
        VitalsError: there is no such seed.
    """
    path = seeds / name
    if not path.is_file():
        raise VitalsError(
            f"The seed {path} is missing.", "Run from the project's folder, or name its seeds folder."
        )
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _threshold(row: dict[str, str], value: str) -> Threshold:
    return Threshold(
        client=row["client"] or None,
        queue=row["queue"] or None,
        channel=row["channel"] or None,
        valid_from=date.fromisoformat(row["valid_from"]),
        valid_to=_day(row["valid_to"]),
        value=Decimal(value),
    )


def _in_force(rows: list[Threshold], client: str, queue: str, channel: str, day: date) -> Decimal | None:
    ranked = [
        (row.rank(client, queue, channel), row.valid_from, row.value)
        for row in rows
        if row.valid_from <= day and (row.valid_to is None or day < row.valid_to)
    ]
    return max(ranked)[2] if ranked and max(ranked)[0] >= 0 else None


def _day(text: str) -> date | None:
    return date.fromisoformat(text) if text else None


def _words(seeds: Path, platform: str) -> Words:
    words = Words()
    # Our own slugs need no row in a map.
    for kind, seed in (
        ("queue", "queues"),
        ("client", "clients"),
        ("site", "sites"),
        ("channel", "channels"),
        ("contact_type", "contact_types"),
    ):
        for row in seed_rows(seeds, f"reference/{seed}.csv"):
            words.slugs[kind, row[kind]] = row[kind]
    for row in seed_rows(seeds, f"maps/{platform}/map_{platform}.csv"):
        words.natives[row["field"], row["slug"]].append(row["native_value"])
        words.slugs[row["field"], row["native_value"].strip().lower()] = row["slug"]
    return words
