"""How agents compare with what others make of the same mix of contacts, from the simulated contacts alone.

Every contact is compared with the list of the other agents' contacts of its kind, one by one.
"""

import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean, variance
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from vitals.simulate.entities import Agent, Contact
from vitals.simulate.feedback import Survey
from vitals.simulate.output import words_of
from vitals.simulate.reference import Reference
from vitals.simulate.truth_feedback import is_top_box

if TYPE_CHECKING:
    from vitals.simulate.truth import Figures

COACHING_COLUMNS = words_of(
    "agent_id kpi_id contacts_count colleagues_count shared_contacts_count uncomparable_contacts_count "
    "observed_value expected_value difference difference_low difference_high verdict"
)
PACE_COLUMNS = ("agent_id", "pace")
_DAY = 86400
_BETTER_UP = ("first_contact_resolution", "csat")

# kpi_id, queue, channel, contact type, number of the hour band.
_Kind: TypeAlias = tuple[str, str, str, str, int]


class _Measured(NamedTuple):
    """One contact's value of one KPI; several owners when several agents had a part in it."""

    kind: _Kind
    owners: tuple[Agent, ...]
    value: int


@dataclass(frozen=True, slots=True)
class _Rules:
    """The settings in force: a window in days, bands in hours, what is too few, and the interval's width."""

    window_days: int
    band_hours: int
    least_others: int
    least_contacts: int
    width: float


def coaching_rows(
    figures: list["Figures"], surveys: list[Survey], reference: Reference, as_of: int
) -> list[tuple[object, ...]]:
    """Agents' results against those of others on the same mix, over the last days before that of `as_of`."""
    day = reference.local_day("", as_of)
    rules = _Rules(
        int(reference.setting("coaching_window_days", day)),
        int(reference.setting("coaching_band_hours", day)),
        int(reference.setting("coaching_minimum_others", day)),
        int(reference.setting("coaching_minimum_n", day)),
        float(reference.setting("coaching_z", day)),
    )
    own: dict[tuple[Agent, str], list[_Measured]] = defaultdict(list)
    kinds: dict[_Kind, list[_Measured]] = defaultdict(list)
    shared: dict[tuple[Agent, str], int] = defaultdict(int)
    for each in _measured(figures, surveys, reference, as_of, rules):
        if len(each.owners) == 1:
            own[each.owners[0], each.kind[0]].append(each)
            kinds[each.kind].append(each)
        else:
            for agent in each.owners:
                shared[agent, each.kind[0]] += 1
    rows = [
        (agent.agent_id, kpi_id, *_compared(agent, kpi_id, own[agent, kpi_id], kinds, shared, rules))
        for agent, kpi_id in own.keys() | shared.keys()
    ]
    return sorted(rows, key=lambda row: row[:2])


def _measured(
    figures: list["Figures"], surveys: list[Survey], reference: Reference, as_of: int, rules: _Rules
) -> Iterator[_Measured]:
    answers: dict[Contact, list[Survey]] = defaultdict(list)
    for survey in surveys:
        if survey.contact is not None and survey.instrument == "csat" and survey.score is not None:
            answers[survey.contact].append(survey)
    for each in figures:
        contact = each.contact
        today = reference.local_day(contact.site, as_of)
        met = [leg.agent for leg in contact.legs if leg.agent is not None and leg.answered_at is not None]
        if (
            not each.is_in_scope
            or not met
            or not timedelta(0) < today - each.day <= timedelta(rules.window_days)
        ):
            continue
        hour = (contact.arrived_at + reference.offset(contact.site, contact.arrived_at)) % _DAY // 3600
        owners = tuple(dict.fromkeys(met))

        def kind(kpi_id: str, each: "Figures" = each, contact: Contact = contact, hour: int = hour) -> _Kind:
            return (kpi_id, each.queue, contact.channel, contact.contact_type, hour // rules.band_hours)

        if contact.outcome == "answered":
            if each.talk is not None:
                handled = each.talk + (each.hold or 0) + (each.acw or 0)
                yield _Measured(kind("handle_time"), owners, handled)
            yield _Measured(kind("transfer_rate"), owners[:1], int(each.transfers >= 1))
        if each.is_opener and contact.arrived_at + each.window_days * _DAY <= as_of:
            yield _Measured(kind("first_contact_resolution"), owners, int(each.is_resolved_first))
        for survey in answers[contact]:
            yield _Measured(kind("csat"), owners, int(is_top_box(survey)))


def _compared(
    agent: Agent,
    kpi_id: str,
    own: list[_Measured],
    kinds: dict[_Kind, list[_Measured]],
    shared: dict[tuple[Agent, str], int],
    rules: _Rules,
) -> tuple[object, ...]:
    theirs = {
        kind: [each for each in kinds[kind] if each.owners[0] is not agent]
        for kind in {each.kind for each in own}
    }
    others = {kind: [each.value for each in contacts] for kind, contacts in theirs.items()}
    counted = [each for each in own if len(others[each.kind]) >= max(1, rules.least_others)]
    left_out = (shared[agent, kpi_id], len(own) - len(counted))
    if not counted:
        return (0, 0, *left_out, None, None, None, None, None, "too_few")
    observed = fmean(each.value for each in counted)
    expected = fmean(fmean(others[each.kind]) for each in counted)
    own_spread = others_spread = 0.0
    pulls: dict[Agent, float] = defaultdict(float)
    for kind in {each.kind for each in counted}:
        count = sum(each.kind == kind for each in counted)
        contact_variance = variance(each.value for each in kinds[kind])
        own_spread += contact_variance * count
        others_spread += contact_variance * count**2 / len(others[kind])
        mean = fmean(others[kind])
        for each in theirs[kind]:
            pulls[each.owners[0]] += count / len(others[kind]) * (each.value - mean)
    # Colleagues who differ among themselves leave their mean less sure than their many contacts say.
    if len(pulls) > 1:
        disagreement = sum(pull**2 for pull in pulls.values()) * len(pulls) / (len(pulls) - 1)
        others_spread = max(others_spread, disagreement)
    difference = observed - expected
    margin = rules.width * math.sqrt(own_spread + others_spread) / len(counted)
    if len(counted) < max(1, rules.least_contacts):
        verdict = "too_few"
    elif abs(difference) <= margin:
        verdict = "as_expected"
    else:
        verdict = "better" if (difference > 0) == (kpi_id in _BETTER_UP) else "worse"
    figures = (observed, expected, difference, difference - margin, difference + margin)
    return (len(counted), len(pulls), *left_out, *figures, verdict)


def pace_rows(agents: list[Agent]) -> list[tuple[object, ...]]:
    """How long each agent really talks, as a factor of the usual."""
    return sorted((agent.agent_id, agent.pace) for agent in agents)
