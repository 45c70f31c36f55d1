"""Our own template: what no platform tells: schedules, surveys, quality forms, costs, the roster."""

from vitals.simulate.costs import Cost
from vitals.simulate.entities import Agent
from vitals.simulate.feedback import Evaluation, Survey
from vitals.simulate.output import Export, csv_line, words_of
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


def export_surveys(files: TemplateFiles, surveys: list[Survey]) -> None:
    """Surveys to customers and to agents: as they are sent, and again once they are answered."""
    export = files.open("survey_responses", SURVEYS)
    for survey in surveys:
        is_answered = survey.responded_at is not None
        export.add(survey.sent_at, _survey_line(files, survey, is_answered=False), is_superseded=is_answered)
        if survey.responded_at is not None:
            export.add(survey.responded_at, _survey_line(files, survey, is_answered=True))
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


def _survey_line(files: TemplateFiles, survey: Survey, is_answered: bool) -> str:
    agent = survey.agent
    site = survey.contact.site if survey.contact else agent.site if agent else ""
    responded_at = survey.responded_at if is_answered else None
    return csv_line(
        (
            survey.response_id,
            template_contact_id(survey.contact) if survey.contact else None,
            survey.customer_key,
            template_id(agent) if agent else None,
            survey.instrument,
            survey.score if is_answered else None,
            survey.low,
            survey.high,
            files.time(site, survey.sent_at),
            files.time(site, responded_at),
            files.time(site, responded_at or survey.sent_at),
        )
    )


def export_evaluations(files: TemplateFiles, evaluations: list[Evaluation]) -> None:
    """Quality forms, a row an item."""
    export = files.open("quality_evaluations", EVALUATIONS)
    for form in evaluations:
        site = form.contact.site if form.contact else form.agent.site
        evaluated_at = files.time(site, form.evaluated_at)
        for item in form.items:
            values = (
                f"Q-{form.number:05d}",
                template_contact_id(form.contact) if form.contact else None,
                template_id(form.agent),
                evaluated_at,
                item.category,
                item.name,
                item.earned,
                item.possible,
                item.earned is None,
                item.is_critical,
                evaluated_at,
            )
            export.add(form.evaluated_at, csv_line(values))
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
        export.add(at, _agent_line(files, agent, agent.team, at), is_superseded=agent.moved_to is not None)
        if agent.moved_to is not None:
            later = files.until - 2 * 86400
            export.add(later, _agent_line(files, agent, agent.moved_to, later))
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
