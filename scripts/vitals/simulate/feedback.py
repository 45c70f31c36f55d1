"""What people say about the service: customers and agents in surveys, reviewers in quality forms."""

from dataclasses import dataclass

from vitals.simulate.entities import Agent, Contact
from vitals.simulate.sampling import Sampler

SURVEY_SHARE = 0.14
SURVEY_ANSWERED_SHARE = 0.35
RATING_SHARE = 0.35
RATING_ANSWERED_SHARE = 0.4
EVALUATION_SHARE = 0.03
# Of agents, and of those asked.
ESAT_SHARE = 0.8
ESAT_ANSWERED_SHARE = 0.75
# Surveys and forms that do not say which contact they are about.
CONTACTLESS_SHARE = 0.06
_DAY = 86400
# Scales differ as the teams' tools do. Of effort, 1 is the least.
_INSTRUMENTS = (("csat", 1, 5), ("nps", 0, 10), ("ces", 1, 7), ("csat", 1, 10), ("nps", 0, 10), ("ces", 1, 5))
_SKIPPED_SHARE = 0.08
_CRITICAL_CATEGORY = "compliance"
_ITEMS = (
    ("greeting", "Says name and company", 5),
    ("script", "Follows the opening script", 10),
    ("script", "Uses the knowledge base", 10),
    ("compliance", "Verifies the caller", 20),
    ("soft_skills", "Listens without interrupting", 15),
    ("resolution", "Settles the matter", 30),
    ("closing", "Sums up the next steps", 10),
)


@dataclass(slots=True, eq=False)
class Survey:
    """A survey that was sent. An answer has a score and a time; `contact` is None when it names none."""

    response_id: str
    instrument: str
    low: int
    high: int
    sent_at: int
    responded_at: int | None = None
    score: int | None = None
    contact: Contact | None = None
    agent: Agent | None = None
    customer_key: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a quality form. No points: not applicable. Critical: with no point at all the form fails."""

    category: str
    name: str
    earned: int | None
    possible: int
    is_critical: bool


@dataclass(slots=True, eq=False)
class Evaluation:
    """A quality form about an agent's contact; `contact` is None when it names none."""

    number: int
    agent: Agent
    contact: Contact | None
    evaluated_at: int
    items: list[Item]

    @property
    def is_failed(self) -> bool:
        """A critical item earned nothing."""
        return any(item.is_critical and item.earned == 0 for item in self.items)


def customer_surveys(contacts: list[Contact], sampler: Sampler, until: int) -> list[Survey]:
    """Surveys to customers whom an agent answered, days before the end of the run or on its last."""
    surveys: list[Survey] = []
    for contact in contacts:
        asked = (
            contact.direction == "inbound"
            and not contact.is_test
            and contact.channel != "email"
            and contact.outcome == "answered"
        )
        if not asked or contact.ended_at is None or not sampler.chance(SURVEY_SHARE):
            continue
        number = len(surveys) + 1
        instrument, low, high = _INSTRUMENTS[number % len(_INSTRUMENTS)]
        sent_at = contact.ended_at + sampler.between(60, 3600)
        responded_at = sent_at + sampler.seconds(25_000, 1.2, low=120, high=6 * _DAY)
        is_answered = sampler.chance(SURVEY_ANSWERED_SHARE)
        mood = 0.78 if contact.is_settled else 0.42
        score = low + min(high - low, max(0, round((high - low) * (mood + 0.25 * sampler.normal()))))
        is_contactless = sampler.chance(CONTACTLESS_SHARE)
        if sent_at >= until:
            continue
        survey = Survey(
            f"S-{number:06d}",
            instrument,
            low,
            high,
            sent_at,
            contact=None if is_contactless else contact,
            agent=next((leg.agent for leg in contact.legs if leg.agent is not None), None),
            customer_key=contact.customer_key,
        )
        if is_answered and responded_at < until:
            survey.responded_at = responded_at
            survey.score = high + low - score if instrument == "ces" else score
        surveys.append(survey)
    return surveys


def agent_surveys(agents: list[Agent], sampler: Sampler, until: int) -> list[Survey]:
    """The employee survey, sent to most agents as one of their shifts begins."""
    surveys: list[Survey] = []
    for agent in agents:
        if not agent.shifts or not sampler.chance(ESAT_SHARE):
            continue
        sent_at = sampler.pick(agent.shifts).start
        responded_at = sent_at + sampler.seconds(40_000, 1.2, low=300, high=5 * _DAY)
        score = min(5, max(1, round(3.7 + sampler.normal())))
        is_answered = sampler.chance(ESAT_ANSWERED_SHARE)
        if sent_at >= until:
            continue
        survey = Survey(f"E-{len(surveys) + 1:06d}", "esat", 1, 5, sent_at, agent=agent)
        if is_answered and responded_at < until:
            survey.responded_at, survey.score = responded_at, score
        surveys.append(survey)
    return surveys


def help_desk_ratings(contacts: list[Contact], sampler: Sampler, until: int) -> list[Survey]:
    """The help desk asks about some of the tickets that were solved, an hour later: good or bad."""
    ratings: list[Survey] = []
    for contact in contacts:
        if contact.ticket is None or contact.queue is None or contact.direction != "inbound":
            continue
        solved = [
            event.at for event in contact.ticket.events if event.status == "solved" and event.at <= until
        ]
        if not solved or not sampler.chance(RATING_SHARE):
            continue
        sent_at = max(solved) + 3600
        if sent_at > until:
            continue
        rating = Survey(
            str(36_700_000_001 + len(ratings)), "csat", 0, 1, sent_at, contact=contact, agent=contact.agent
        )
        responded_at = sent_at + sampler.seconds(40_000, 1.0, low=300, high=600_000)
        is_good = sampler.chance(0.82 if contact.is_settled else 0.4)
        if sampler.chance(RATING_ANSWERED_SHARE) and responded_at <= until:
            rating.responded_at, rating.score = responded_at, int(is_good)
        ratings.append(rating)
    return ratings


def evaluations(contacts: list[Contact], sampler: Sampler, until: int) -> list[Evaluation]:
    """Quality forms about some of the contacts that an agent took, filled in hours or days later."""
    forms: list[Evaluation] = []
    for contact in contacts:
        leg = next((leg for leg in contact.legs if leg.agent is not None and leg.ended_at is not None), None)
        if (
            leg is None
            or leg.agent is None
            or contact.direction != "inbound"
            or not sampler.chance(EVALUATION_SHARE)
        ):
            continue
        evaluated_at = contact.last_at + sampler.between(3600, 4 * _DAY)
        is_contactless = sampler.chance(CONTACTLESS_SHARE)
        items = [_item(*item, sampler) for item in _ITEMS]
        if evaluated_at < until:
            forms.append(
                Evaluation(
                    len(forms) + 1, leg.agent, None if is_contactless else contact, evaluated_at, items
                )
            )
    return forms


def _item(category: str, name: str, possible: int, sampler: Sampler) -> Item:
    is_critical = category == _CRITICAL_CATEGORY
    is_skipped = sampler.chance(_SKIPPED_SHARE)
    roll = sampler.uniform()
    # A critical item may be met by half, too; only nothing at all fails the form.
    earned = possible if roll < 0.83 else possible // 2 if roll < 0.95 else 0
    return Item(category, name, None if is_skipped else earned, possible, is_critical)
