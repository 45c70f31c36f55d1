"""Our own template: what no platform tells: schedules, surveys, quality forms, costs, the roster."""

from vitals.simulate.costs import Cost
from vitals.simulate.entities import Agent, Contact
from vitals.simulate.output import LATE_RATE, Export, csv_line, words_of
from vitals.simulate.template_files import FEBRUARY, TemplateFiles, row, template_contact_id, template_id

SHIFTS = words_of("agent_id activity started_at ended_at is_paid updated_at")
SURVEYS = words_of(
    "response_id contact_id customer agent_id instrument score scale_min scale_max sent_at responded_at "
    "updated_at"
)
EVALUATIONS = words_of(
    "evaluation_id contact_id agent_id evaluated_at category item points_earned points_possible "
    "is_not_applicable is_automatic_fail updated_at"
)
COSTS = words_of("cost_id month site client channel category amount currency updated_at")
AGENTS = words_of("agent_id name team supervisor site updated_at")

SURVEY_SHARE = 0.09
SURVEY_ANSWERED_SHARE = 0.35
EVALUATION_SHARE = 0.02
_INSTRUMENTS = (("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7))
_ITEMS = (
    ("greeting", "Says name and company", 5),
    ("script", "Follows the opening script", 10),
    ("script", "Uses the knowledge base", 10),
    ("compliance", "Verifies the caller", 20),
    ("soft_skills", "Listens without interrupting", 15),
    ("resolution", "Settles the matter", 30),
    ("closing", "Sums up the next steps", 10),
)
_PAID = {"on_queue": True, "work": True, "lunch": False, "break": True, "training": True}


def export_shifts(files: TemplateFiles, agents: list[Agent]) -> None:
    """Planned shifts: work and what interrupts it, a row an activity."""
    export = files.open("agent_shifts", SHIFTS)
    for agent in agents:
        for shift in agent.shifts:
            published_at = max(0, shift.start - 7 * 86400)
            day = shift.start // 86400
            at = shift.start
            for pause in [*shift.pauses, None]:
                end = pause.start if pause else shift.end
                if end > at:
                    _shift_line(
                        files, export, agent, "work" if at % 7 else "on_queue", at, end, published_at, day
                    )
                if pause:
                    _shift_line(
                        files, export, agent, pause.activity, pause.start, pause.end, published_at, day
                    )
                    at = pause.end
    files.spoil(
        export,
        [lambda number, _: row(SHIFTS, agent_id=f"BAD-{number}", activity="break", started_at=FEBRUARY)],
    )


def _shift_line(
    files: TemplateFiles,
    export: Export,
    agent: Agent,
    activity: str,
    begin: int,
    end: int,
    published_at: int,
    day: int,
) -> None:
    values = (
        template_id(agent),
        activity,
        files.time(agent.site, begin),
        files.time(agent.site, end),
        _PAID.get(activity, True),
        files.time(agent.site, min(files.until - 1, published_at)),
    )
    export.add(begin, csv_line(values), day)


def export_surveys(files: TemplateFiles, contacts: list[Contact], agents: list[Agent]) -> None:
    """Surveys to customers, answered or not, and to agents."""
    export = files.open("survey_responses", SURVEYS)
    sampler = files.sampler
    number = 0
    for contact in contacts:
        ended_at = contact.ended_at
        asked = (
            contact.direction == "inbound"
            and not contact.is_test
            and contact.channel != "email"
            and contact.outcome == "answered"
        )
        if not asked or ended_at is None or not sampler.chance(SURVEY_SHARE):
            continue
        number += 1
        instrument, low, high = _INSTRUMENTS[number % len(_INSTRUMENTS)]
        sent_at = ended_at + sampler.between(60, 3600)
        responded_at = sent_at + sampler.seconds(25_000, 1.2, low=120, high=6 * 86400)
        is_answered = sampler.chance(SURVEY_ANSWERED_SHARE) and responded_at < files.until
        mood = 0.78 if contact.is_settled else 0.42
        score = low + min(high - low, max(0, round((high - low) * (mood + 0.25 * sampler.normal()))))
        agent = next((leg.agent for leg in contact.legs if leg.agent is not None), None)
        if sent_at >= files.until:
            continue
        updated_at = responded_at if is_answered else sent_at
        values = (
            f"S-{number:06d}",
            template_contact_id(contact),
            contact.customer_key,
            template_id(agent) if agent else None,
            instrument,
            # Of effort, 1 is the least.
            (high + low - score if instrument == "ces" else score) if is_answered else None,
            low,
            high,
            files.time(contact.site, sent_at),
            files.time(contact.site, responded_at) if is_answered else None,
            files.time(contact.site, updated_at),
        )
        export.add(updated_at, csv_line(values))
    for agent in agents:
        if sampler.chance(0.6) and agent.shifts:
            number += 1
            sent_at = agent.shifts[-1].start
            if sent_at + 3600 >= files.until:
                continue
            survey = (
                f"S-{number:06d}",
                None,
                None,
                template_id(agent),
                "esat",
                sampler.between(1, 5),
                1,
                5,
                files.time(agent.site, sent_at),
                files.time(agent.site, sent_at + 3600),
                files.time(agent.site, sent_at + 3600),
            )
            export.add(sent_at + 3600, csv_line(survey))
    files.spoil(
        export,
        [
            lambda bad, _: row(
                SURVEYS,
                response_id=f"BAD-{bad}",
                instrument="csat",
                score=4,
                scale_min=1,
                scale_max=5,
                sent_at=FEBRUARY,
            )
        ],
    )


def export_evaluations(files: TemplateFiles, contacts: list[Contact]) -> None:
    """Quality forms, a row an item."""
    export = files.open("quality_evaluations", EVALUATIONS)
    sampler = files.sampler
    number = 0
    for contact in contacts:
        leg = next((leg for leg in contact.legs if leg.agent is not None and leg.ended_at is not None), None)
        if (
            leg is None
            or leg.agent is None
            or contact.direction != "inbound"
            or not sampler.chance(EVALUATION_SHARE)
        ):
            continue
        evaluated_at = contact.last_at + sampler.between(3600, 4 * 86400)
        if evaluated_at >= files.until:
            continue
        number += 1
        has_failed = sampler.chance(0.02)
        for category, item, points in _ITEMS:
            is_skipped = sampler.chance(0.08)
            earned = points if sampler.chance(0.83) else points // 2
            is_fail = has_failed and category == "compliance" and not is_skipped
            values = (
                f"Q-{number:05d}",
                template_contact_id(contact),
                template_id(leg.agent),
                files.time(contact.site, evaluated_at),
                category,
                item,
                None if is_skipped else 0 if is_fail else earned,
                points,
                is_skipped,
                is_fail,
                files.time(contact.site, evaluated_at),
            )
            export.add(evaluated_at, csv_line(values))
    files.spoil(
        export,
        [
            lambda bad, _: row(
                EVALUATIONS,
                evaluation_id=f"BAD-{bad}",
                item="x",
                category="x",
                evaluated_at=FEBRUARY,
                points_earned=1,
                points_possible=1,
            )
        ],
    )


def export_costs(files: TemplateFiles, costs: list[Cost]) -> None:
    """Booked costs; some are booked too low first."""
    export = files.open("operating_costs", COSTS)
    for cost in costs:
        final_at = min(files.until - 60, cost.booked_at)
        if cost.first_amount is not None:
            early_at = final_at - 86400
            export.add(
                early_at, _cost_line(files, cost, str(cost.first_amount), early_at), is_superseded=True
            )
        export.add(final_at, _cost_line(files, cost, str(cost.amount), final_at))
    files.spoil(
        export,
        [
            lambda bad, _: row(
                COSTS,
                cost_id=f"BAD-{bad}",
                month="2026-02-30",
                site="lyon",
                category="pay",
                amount="1.00",
                currency="EUR",
            )
        ],
    )


def _cost_line(files: TemplateFiles, cost: Cost, amount: str, updated_at: int) -> str:
    words = files.words
    return csv_line(
        (
            cost.cost_id,
            cost.month,
            words.native("site", cost.site),
            words.native("client", cost.client) if cost.client else None,
            cost.channel,
            cost.category,
            amount,
            cost.currency,
            files.time(cost.site, updated_at),
        )
    )


def export_agents(files: TemplateFiles, agents: list[Agent]) -> None:
    """The roster of all platforms; some agents change team later."""
    export = files.open("agents", AGENTS)
    at = files.until - 20 * 86400 if files.until > 20 * 86400 else files.until
    for agent in agents:
        moves = agent.shifts and files.sampler.chance(LATE_RATE)
        export.add(at, _agent_line(files, agent, agent.team, at), is_superseded=bool(moves))
        if moves:
            later = files.until - 2 * 86400
            export.add(later, _agent_line(files, agent, f"{agent.team} B", later))
    files.spoil(
        export, [lambda bad, _: row(AGENTS, agent_id=f"BAD-{bad}", name="Nobody", updated_at=FEBRUARY)]
    )


def _agent_line(files: TemplateFiles, agent: Agent, team: str, updated_at: int) -> str:
    name = f"{agent.first_name} {agent.last_name}"
    return csv_line(
        (
            template_id(agent),
            name,
            team,
            agent.supervisor,
            agent.site,
            files.time(agent.site, updated_at),
        )
    )
