"""Our own template: message threads with their legs, and what their agents did."""

from vitals.simulate.agent_time import moments_of
from vitals.simulate.costs import Cost
from vitals.simulate.entities import Agent, AgentEvent, Contact
from vitals.simulate.export_template_records import (
    export_agents,
    export_costs,
    export_evaluations,
    export_shifts,
    export_surveys,
)
from vitals.simulate.feedback import Evaluation, Survey
from vitals.simulate.output import LATE_RATE, Export, csv_line, words_of
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler
from vitals.simulate.template_files import FEBRUARY, TemplateFiles, row

CONTACTS = words_of(
    "contact_id client site queue channel direction contact_type customer language arrived_at queued_at "
    "answered_at ended_at wrapped_up_at outcome ivr_seconds wait_seconds talk_seconds hold_seconds "
    "acw_seconds first_agent_id agents_count queues_count transfers_count holds_count is_test is_resolved "
    "sentiment updated_at"
)
LEGS = words_of(
    "leg_id contact_id leg_number queue agent_id queued_at answered_at ended_at wait_seconds talk_seconds "
    "hold_seconds acw_seconds exit is_callback updated_at"
)
STATES = words_of("agent_id state started_at ended_at contact_id updated_at")

# Of so many answered threads one leaves its wait and outcome to be derived from the times.
UNDERIVED_EVERY = 10
# The words of this team's tool; its lunch is a break by another name.
_STATE_WORDS = {"available": "ready", "lunch": "break"}


def template_exports(
    contacts: list[Contact],
    agents: list[Agent],
    leads: list[Agent],
    events: list[AgentEvent],
    surveys: list[Survey],
    evaluations: list[Evaluation],
    costs: list[Cost],
    reference: Reference,
    sampler: Sampler,
    until: int,
) -> list[Export]:
    """All streams: messaging, and what no platform tells (schedules, surveys, quality, costs, roster).

    Args:
        contacts: every contact of the run, whatever its platform.
        surveys, evaluations: about contacts of all platforms.
        leads: supervisors, who are on the roster without shifts.
        until: UTC second after which nothing is exported.
    """
    files = TemplateFiles(reference, sampler, until)
    _contacts(files, [contact for contact in contacts if contact.platform == "template"])
    _states(files, [event for event in events if event.agent.platform == "template"])
    export_shifts(files, agents)
    export_surveys(files, surveys)
    export_evaluations(files, evaluations)
    export_costs(files, costs)
    export_agents(files, agents + leads)
    return files.exports


def _contacts(files: TemplateFiles, contacts: list[Contact]) -> None:
    threads = files.open("contacts", CONTACTS)
    legs = files.open("contact_legs", LEGS)
    for index, contact in enumerate(contacts):
        is_last = index == len(contacts) - 1
        updated_at = min(files.until - 1, contact.last_at + 5)
        is_late = is_last or (
            contact.outcome == "answered"
            and contact.legs
            and updated_at + 3600 < files.until
            and files.sampler.chance(LATE_RATE)
        )
        if is_late:
            threads.add(
                updated_at, _contact_line(files, contact, updated_at, is_early=True), is_superseded=True
            )
            updated_at = (
                files.until
                if is_last
                else min(files.until - 1, updated_at + files.sampler.between(3600, 40 * 3600))
            )
        threads.add(updated_at, _contact_line(files, contact, updated_at))
        for number, leg in enumerate(contact.legs, 1):
            leg_updated_at = leg.wrapped_at or leg.ended_at or leg.answered_at or leg.queued_at
            leg_updated_at = min(files.until - 1, leg_updated_at + 1)
            values = (
                f"{contact.native_id}-{number}",
                contact.native_id,
                number,
                files.words.native("queue", leg.queue),
                leg.agent.native_id if leg.agent else None,
                files.time(contact.site, leg.queued_at),
                files.time(contact.site, leg.answered_at),
                files.time(contact.site, leg.ended_at),
                leg.wait,
                leg.talk,
                leg.hold,
                leg.acw,
                leg.exit,
                leg.is_callback,
                files.time(contact.site, leg_updated_at),
            )
            legs.add(leg_updated_at, csv_line(values))
    start = "2026-10-06T10:00:00+03:00"
    files.spoil(
        threads,
        [
            lambda number, _: row(CONTACTS, contact_id=f"BAD-{number}", channel="sms", arrived_at=FEBRUARY),
            lambda number, _: row(
                CONTACTS,
                contact_id=f"BAD-{number}",
                channel="sms",
                arrived_at=start,
                ended_at="2026-10-06T09:00:00+03:00",
            ),
            lambda number, _: row(
                CONTACTS, contact_id=f"BAD-{number}", channel="sms", arrived_at=start, wait_seconds=-5
            ),
        ],
    )
    files.spoil(
        legs,
        [
            lambda number, _: row(
                LEGS,
                leg_id=f"BAD-{number}-1",
                contact_id=f"BAD-{number}",
                leg_number=1,
                queued_at=FEBRUARY,
            ),
            lambda number, _: row(
                LEGS,
                leg_id=f"BAD-{number}-1",
                contact_id=f"BAD-{number}",
                leg_number=1,
                queued_at=start,
                wait_seconds=-5,
            ),
        ],
    )


def _contact_line(files: TemplateFiles, contact: Contact, updated_at: int, is_early: bool = False) -> str:
    held = [leg for leg in contact.legs if leg.answered_at is not None]
    first = contact.legs[0] if contact.legs else None
    is_underived = bool(held) and not is_early and int(contact.native_id[4:]) % UNDERIVED_EVERY == 0
    acw = [leg.acw for leg in held if leg.acw is not None]
    talk = [leg.talk for leg in held if leg.talk is not None]
    words = files.words
    channels = words.all_native("channel", contact.channel)
    values = (
        contact.native_id,
        words.native("client", contact.client),
        words.native("site", contact.site),
        words.native("queue", contact.queue) if contact.queue else None,
        channels[0] if int(contact.native_id[4:]) % 3 else contact.channel,
        contact.direction,
        contact.type_word,
        contact.customer_key,
        contact.language,
        files.time(contact.site, contact.arrived_at),
        files.time(contact.site, first.queued_at if first else None),
        files.time(contact.site, contact.answered_at),
        files.time(contact.site, contact.ended_at),
        None if is_early or not held else files.time(contact.site, held[-1].wrapped_at),
        None if is_underived else contact.outcome,
        contact.ivr or None,
        None if is_underived or first is None else first.wait,
        sum(talk) if talk else None,
        None,
        None if is_early or not acw else sum(acw),
        held[0].agent.native_id if held and held[0].agent else None,
        len({leg.agent for leg in held}),
        len({leg.queue for leg in contact.legs}),
        contact.completed_transfers,
        None,
        contact.is_test,
        None if is_early else contact.resolved_flag,
        contact.sentiment,
        files.time(contact.site, updated_at),
    )
    return csv_line(values)


def _states(files: TemplateFiles, events: list[AgentEvent]) -> None:
    """A row an unbroken state: without a contact, or on one; several contacts at once have a row each.

    What still goes on as the exports are drawn has no end.
    """
    export = files.open("agent_states", STATES)
    for agent, moments in moments_of(events, files.until).items():
        open_states: dict[tuple[str, str], int] = {}
        for at, state, contact_ids in moments:
            now = {("on_contact", each) for each in contact_ids} or {(_STATE_WORDS.get(state, state), "")}
            for each in [each for each in open_states if each not in now]:
                export.add(at, _state_line(files, agent, each, open_states.pop(each), at))
            for each in sorted(now - open_states.keys() - {("offline", "")}):
                open_states[each] = at
        for each, begun_at in open_states.items():
            export.add(begun_at, _state_line(files, agent, each, begun_at, None))
    files.spoil(
        export,
        [lambda number, _: row(STATES, agent_id=f"BAD-{number}", state="ready", started_at=FEBRUARY)],
    )


def _state_line(
    files: TemplateFiles, agent: Agent, state: tuple[str, str], begun_at: int, ended_at: int | None
) -> str:
    word, contact_id = state
    begun, ended = files.time(agent.site, begun_at), files.time(agent.site, ended_at)
    native_id = contact_id.partition(":")[2] or None
    return csv_line((agent.native_id, word, begun, ended, native_id, ended or begun))
