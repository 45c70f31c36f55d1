"""A simulated contact centre: raw exports of four platforms, and the figures that must come out of them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from vitals.errors import VitalsError
from vitals.simulate.arrivals import demand, first_arrivals
from vitals.simulate.costs import operating_costs
from vitals.simulate.customer_file import entries, export_identities, identify
from vitals.simulate.engine import Engine
from vitals.simulate.entities import Contact
from vitals.simulate.export_amazon import agent_events, contact_records
from vitals.simulate.export_asterisk import call_records, queue_log
from vitals.simulate.export_five9 import five9_exports
from vitals.simulate.export_genesys import conversations
from vitals.simulate.export_qualtrics import qualtrics_exports, tell_by_qualtrics
from vitals.simulate.export_template import template_exports
from vitals.simulate.export_twilio import twilio_exports
from vitals.simulate.export_zendesk import ZendeskExports
from vitals.simulate.extras import add_extras
from vitals.simulate.feedback import agent_surveys, customer_surveys, evaluations, help_desk_ratings
from vitals.simulate.moved import MOVES, move
from vitals.simulate.output import Export, rows_of
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler
from vitals.simulate.staffing import roster, supervisors
from vitals.simulate.template_files import TemplateFiles
from vitals.simulate.truth import moment, write_truth
from vitals.simulate.world import lanes_of

__all__ = ["MOVES", "SURVEYS", "SimulationReport", "simulate"]

SURVEYS = ("template", "qualtrics")
_PLATFORMS = (
    "amazon_connect",
    "asterisk",
    "five9",
    "genesys_cloud",
    "qualtrics",
    "template",
    "twilio",
    "zendesk",
)
# The exports are drawn on the day after the last whole one, the running day: so long after the last site's
# midnight that it is the afternoon in Europe, in the midst of a quarter of an hour.
_DRAWN_AFTER_SECONDS = 8 * 3600 + 7 * 60


@dataclass(frozen=True, slots=True)
class SimulationReport:
    """What a run wrote.

    Attributes:
        contacts: all contacts, those out of scope included. in_scope: inbound ones that are no tests.
        agents: agents on the roster. as_of: the newest updated_at in the exports, UTC.
        outcomes: in-scope contacts by outcome. files: files written. rows: rows written, by platform/stream.
        service_level: answered in target / (offered - short abandons) over everything.
    """

    contacts: int
    in_scope: int
    agents: int
    as_of: datetime
    outcomes: dict[str, int]
    files: int
    rows: dict[str, int]
    service_level: float


def simulate(
    out: Path,
    truth: Path,
    seeds: Path,
    contacts: int = 20000,
    days: int = 30,
    seed: int = 1,
    start: date = date(2026, 10, 5),
    platform: str | None = None,
    surveys_by: str = "template",
    on_progress: Callable[[str, int, int], None] | None = None,
) -> SimulationReport:
    """Simulates a contact centre and writes its platforms' exports, and the truth about them.

    Same arguments, same bytes. The number of contacts is met within a few per cent: customers decide whether
    they come back.

    Args:
        out: folder for the exports (out/<platform>/<stream>/), without files of these platforms so far.
        truth: folder for the truth files; they are overwritten.
        seeds: the project's seeds folder (reference/ and maps/).
        contacts: contacts that customers make, about.
        days: whole local days of arrivals; the running day, on which the exports are drawn, follows them.
        seed: of all randomness.
        start: first local day at each site.
        platform: None for the whole centre; one of MOVES for its telephone queues of Amazon Connect alone,
            told by that platform: with the other arguments the same, what happened is the same on each.
        surveys_by: one of SURVEYS: who tells the surveys to customers and agents; the help desk tells its own
            ratings.
        on_progress: called as (step, done, total), where step is `simulate` or `write`.

    Raises:
        VitalsError: contacts or days are below 1, the platform is none of MOVES, surveys_by none of SURVEYS,
            `out` holds exports already, or a seed is missing.
    """
    if contacts < 1 or days < 1:
        raise VitalsError(
            f"Cannot simulate {contacts} contacts in {days} days.",
            "Ask for at least one contact and one day.",
        )
    if platform is not None and platform not in MOVES:
        raise VitalsError(
            f"The simulated centre cannot move to {platform!r}.", f"Choose one of: {', '.join(MOVES)}."
        )
    if surveys_by not in SURVEYS:
        raise VitalsError(
            f"{surveys_by!r} tells no simulated surveys.", f"Choose one of: {', '.join(SURVEYS)}."
        )
    _refuse_mixing(out)
    reference = Reference(seeds)
    lanes = lanes_of(reference)
    if platform is not None:
        lanes = [lane for lane in lanes if lane.platform == "amazon_connect" and lane.channel == "voice"]
    if not lanes:
        raise VitalsError(
            f"{seeds} knows none of the simulator's queues.", "Restore seeds/reference/queues.csv."
        )
    sampler = Sampler(seed)
    ends = [
        reference.midnight(reference.queues[lane.queue].site, start + timedelta(days=days)) for lane in lanes
    ]
    until = max(ends) + _DRAWN_AFTER_SECONDS
    demands = demand(lanes, reference, start, days, contacts, sampler, until)
    arrivals, _ = first_arrivals(demands, reference, sampler, until)
    agents = roster(demands, reference, sampler)
    leads = supervisors(demands, reference, len(agents))
    engine = Engine(lanes, agents, arrivals, reference, sampler, until)
    engine.run(on_progress)
    everything = engine.contacts + add_extras(engine, leads, sampler, until)
    everything.sort(key=lambda contact: (contact.arrived_at, contact.contact_id))
    costs = operating_costs(everything, agents, reference, sampler, until, start)

    surveys = customer_surveys(everything, sampler, until) + agent_surveys(agents, sampler, until)
    ratings = help_desk_ratings(everything, sampler, until)
    forms = evaluations(everything, sampler, until)
    if surveys_by == "qualtrics":
        surveys = tell_by_qualtrics(surveys)
    if platform is not None:
        everything = move(
            platform, everything, [*agents, *leads.values()], engine.floor.agent_events, reference
        )
    customers = entries(everything)
    identify(everything, customers, reference, start)

    def of(platform: str) -> list[Contact]:
        return [contact for contact in everything if contact.platform == platform]

    told: dict[str, Callable[[], list[Export]]] = {
        "amazon_connect": lambda: [
            contact_records(of("amazon_connect"), reference, sampler, until),
            agent_events(engine.floor.agent_events, reference, sampler, until),
        ],
        "asterisk": lambda: [queue_log(of("asterisk"), engine.floor.agent_events, reference, sampler, until)],
        "five9": lambda: five9_exports(of("five9"), engine.floor.agent_events, reference, sampler, until),
        "genesys_cloud": lambda: [conversations(of("genesys_cloud"), reference, sampler, until)],
        "twilio": lambda: twilio_exports(of("twilio"), engine.floor.agent_events, reference, sampler, until),
        "zendesk": lambda: ZendeskExports(of("zendesk"), ratings, reference, sampler, until).exports(),
    }
    exports: list[Export] = [
        *(
            export
            for name in ((platform,) if platform else ("amazon_connect", "asterisk", "zendesk"))
            for export in told[name]()
        ),
        *template_exports(
            everything,
            agents,
            list(leads.values()),
            engine.floor.agent_events,
            surveys if surveys_by == "template" else [],
            forms,
            costs,
            reference,
            sampler,
            until,
        ),
        # Last, so that they change nothing in the other exports.
        *(
            [call_records(of("asterisk"), reference, sampler, until)]
            if platform in (None, "asterisk")
            else []
        ),
        *(qualtrics_exports(surveys, sampler, until) if surveys_by == "qualtrics" else []),
        # With chances of its own, so that everything else stays as it is without it.
        *export_identities(TemplateFiles(reference, Sampler(seed), until), customers),
    ]
    files = 0
    for number, export in enumerate(exports, 1):
        files += len(export.write(out, sampler))
        if on_progress:
            on_progress("write", number, len(exports))
    figures = write_truth(
        truth,
        everything,
        surveys + ratings,
        forms,
        agents,
        engine.floor.agent_events,
        costs,
        exports,
        reference,
        until,
    )
    in_scope = [each for each in figures if each.is_in_scope]
    offered = sum(each.queue != "no_queue" and not each.is_short_abandon for each in in_scope)
    return SimulationReport(
        contacts=len(figures),
        in_scope=len(in_scope),
        agents=len(agents),
        as_of=moment(until),
        outcomes=dict(sorted(Counter(each.contact.outcome for each in in_scope).items())),
        files=files,
        rows={
            f"{platform}/{stream}": counts.rows_written
            for (platform, stream), counts in rows_of(exports).items()
        },
        service_level=sum(each.is_in_target for each in in_scope) / max(1, offered),
    )


def _refuse_mixing(out: Path) -> None:
    for platform in _PLATFORMS:
        folder = out / platform
        found = (
            next(
                (
                    path
                    for path in sorted(folder.rglob("*"))
                    if path.is_file() and not path.name.startswith(".")
                ),
                None,
            )
            if folder.is_dir()
            else None
        )
        if found is not None:
            raise VitalsError(
                f"{found} exists: simulated exports would mix with those that are there.",
                "Choose another folder, or move the exports of this platform away first.",
            )
