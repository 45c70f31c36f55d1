"""What the centre's customer file knows of who is who, and whose contacts the exports make it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import phonenumbers

from vitals.simulate.entities import Contact, Customer
from vitals.simulate.output import Export, csv_line, words_of
from vitals.simulate.reference import Reference
from vitals.simulate.template_files import FEBRUARY, TemplateFiles, row

IDENTITIES = words_of("identity_id customer phone email other updated_at")
# Eight of ten customers are in the file, from the day after their first contact on.
_IN_FILE, _OF = 8, 10


@dataclass(frozen=True, slots=True)
class Entry:
    """A customer in the file; `other` is the help desk's number, as requester of tickets."""

    number: str
    phone: str
    email: str
    other: str
    since: int


def entries(contacts: Iterable[Contact]) -> list[Entry]:
    """The file's customers, in order of their first contact.

    Args:
        contacts: of a whole run, in order of arrival.
    """
    found: dict[Customer, Entry] = {}
    for contact in contacts:
        customer = contact.customer
        if customer is None or customer in found or customer.requester_id // 7 % _OF >= _IN_FILE:
            continue
        number = customer.requester_id - 360_100_000_000
        found[customer] = Entry(
            f"C-{number:07d}",
            customer.phone,
            f"customer{number}@example.org",
            str(customer.requester_id),
            contact.arrived_at + 86400,
        )
    return list(found.values())


def export_identities(files: TemplateFiles, customers: Iterable[Entry]) -> list[Export]:
    """The file as the template takes it, numbers as people write them; some rows begin incomplete."""
    export = files.open("customer_identities", IDENTITIES)
    for place, entry in enumerate(customers):
        at = min(files.until - 1, entry.since)
        first = files.time("", at)
        if place % 25 == 0:
            early = (entry.number, entry.number, "withheld", "", "", files.time("", at - 3600))
            export.add(at - 3600, csv_line(early), is_superseded=True)
        export.add(
            at, csv_line((entry.number, entry.number, _written(entry.phone), entry.email, entry.other, first))
        )
    files.spoil(
        export,
        [
            lambda bad, _: row(IDENTITIES, identity_id=f"BAD-{bad}"),
            lambda bad, _: row(
                IDENTITIES, identity_id=f"BAD-{bad}", customer="C-0000000", updated_at=FEBRUARY
            ),
        ],
    )
    return files.exports


def identify(contacts: list[Contact], customers: Iterable[Entry], reference: Reference, day: date) -> None:
    """Says of each contact whose it is (`known_as`), by the file and by whom Talk takes callers for.

    Args:
        contacts: of a whole run; they are changed.
        customers: the file.
        day: on which the number of customers that an address may have is looked up.
    """
    most = reference.threshold("identifier_customers_count", "", "", "", day)
    records: list[tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]] = [
        ({"file": each.number}, (each.phone, each.email), (each.other,)) for each in customers
    ]
    for contact in contacts:
        if contact.platform == "zendesk" and contact.channel == "voice" and contact.customer_key:
            assert contact.customer is not None
            records.append(({"zendesk": str(contact.customer.requester_id)}, (contact.customer_key,), ()))
    holders: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
    for who, addresses, _ in records:
        for kind, number in who.items():
            for address in addresses:
                holders[address, kind].add(number)
    shared = {address for (address, _), numbers in holders.items() if len(numbers) > most}
    group: dict[str, set[str]] = {}
    for who, addresses, others in records:
        own = {each for each in (*who.values(), *addresses, *others) if each not in shared}
        joined = own.union(*(group[each] for each in own if each in group))
        for each in joined:
            group[each] = joined
    for contact in contacts:
        carried = contact.customer_key
        if carried and contact.platform == "zendesk" and contact.channel == "voice" and contact.customer:
            carried = str(contact.customer.requester_id)
        contact.known_as = None
        if carried and carried not in shared:
            contact.known_as = min(group.get(carried, {carried}))


def _written(phone: str) -> str:
    """A number with the blanks that its country writes; as it is where it is no possible one."""
    number = phonenumbers.parse(phone)
    if not phonenumbers.is_possible_number(number):
        return phone
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL))
