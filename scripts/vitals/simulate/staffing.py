"""Who works when: agents per half hour by Erlang C, shifts that cover them, breaks inside the shifts."""

import math
import unicodedata
from collections import defaultdict

from vitals.simulate.arrivals import Demand
from vitals.simulate.entities import Agent, Pause, Shift
from vitals.simulate.reference import Reference
from vitals.simulate.sampling import Sampler
from vitals.simulate.world import (
    CROSS_SKILLED_EVERY,
    FIRST_NAMES,
    LAST_NAMES,
    PACE_EVERY,
    PACES,
    TARGET_SERVICE_LEVEL,
)

_SLOT = 1800
# Planned lengths in half hours: full day, six and a half hours, half day.
_LENGTHS = (17, 13, 9)
_REST_SECONDS = 11 * 3600
_DAYS_A_WEEK = 5
_SHRINKAGE = 0.07
_TEAM_SIZE = 12
_TRAINING_SHARE = 0.04
_MOVED_SHARE = 0.04
_WORK_TOLERANCE = 0.7


def erlang_c(load: float, agents: int) -> float:
    """Probability that a contact has to wait, with load in erlang below the number of agents."""
    inverse_b = 1.0
    for count in range(1, agents + 1):
        inverse_b = 1.0 + inverse_b * count / load
    return 1.0 / (inverse_b * (1.0 - load / agents) + load / agents)


def agents_needed(load: float, handle_seconds: float, target_seconds: int, service_level: float) -> int:
    """Agents for a service level, by Erlang C.

    Args:
        load: erlang offered. handle_seconds: mean handling time. target_seconds: the service-level threshold.
        service_level: share to answer within the threshold.
    """
    if load <= 0:
        return 0
    agents = math.floor(load) + 1
    while (
        1.0 - erlang_c(load, agents) * math.exp(-(agents - load) * target_seconds / handle_seconds)
        < service_level
    ):
        agents += 1
    return agents


def _need(demands: list[Demand], reference: Reference) -> tuple[int, list[int]]:
    """First half hour and agents needed in each, for the lanes of one queue."""
    site = reference.queues[demands[0].lane.queue].site
    first = demands[0].first_hour * 2
    slots = len(demands[0].expected) * 2
    live = [0.0] * slots
    counts = [0.0] * slots
    deferred = [0.0] * slots
    is_open = [False] * slots
    target = min(each.lane.target for each in demands)
    least = max(each.lane.least_agents for each in demands)
    for each in demands:
        lane = each.lane
        seconds = lane.talk + lane.acw + lane.hold * lane.hold_share + lane.ring
        carried = 0.0
        for slot in range(slots):
            at = (first + slot) * _SLOT
            hour = (at + reference.offset(site, at)) % 86400 // 3600
            work = float(each.expected[slot // 2]) / 2
            if lane.is_deferred and lane.concurrency == 1:
                carried += work * seconds
            opened = lane.opens <= hour < lane.closes
            is_open[slot] = is_open[slot] or opened
            if not opened:
                continue
            if lane.is_deferred and lane.concurrency == 1:
                # Mail is worked off over the hours that are open; what came at night waits for the morning.
                taken = carried / 8
                carried -= taken
                deferred[slot] += taken / _SLOT
            else:
                live[slot] += work * seconds / lane.concurrency / _SLOT
                counts[slot] += work
    needs = []
    for slot in range(slots):
        load = live[slot]
        handle_seconds = load * _SLOT / counts[slot] if counts[slot] else 300.0
        count = agents_needed(load, handle_seconds, target, TARGET_SERVICE_LEVEL)
        needs.append(
            max(least, math.ceil((count + deferred[slot] * 1.05) * (1 + _SHRINKAGE) - 0.35))
            if is_open[slot]
            else 0
        )
    return first, needs


def _shifts(needs: list[int]) -> list[tuple[int, int]]:
    """Shifts (first slot, length) that cover the need, from the first slot on."""
    cover = [0] * (len(needs) + max(_LENGTHS))
    shifts: list[tuple[int, int]] = []
    for slot, need in enumerate(needs):
        while cover[slot] < need:
            length = _LENGTHS[-1]
            for candidate in _LENGTHS:
                ahead = range(slot, slot + candidate)
                useful = sum(1 for each in ahead if each < len(needs) and cover[each] < needs[each])
                if useful >= _WORK_TOLERANCE * candidate:
                    length = candidate
                    break
            shifts.append((slot, length))
            for each in range(slot, min(slot + length, len(cover))):
                cover[each] += 1
    return shifts


def _pauses(start: int, length: int, sampler: Sampler) -> list[Pause]:
    seconds = length * _SLOT
    pauses: list[Pause] = []

    def add(share: float, minutes: int, activity: str) -> None:
        begin = start + int(seconds * share) // 300 * 300 + sampler.between(-3, 3) * 300
        pauses.append(Pause(begin, begin + minutes * 60, activity))

    if length >= 13:
        add(0.23, 15, "break")
        add(0.48, 30, "lunch")
    if length >= 17:
        add(0.75, 60 if sampler.chance(_TRAINING_SHARE) else 15, "break")
        if pauses[-1].end - pauses[-1].start == 3600:
            pauses[-1].activity = "training"
    if length < 13:
        add(0.5, 15, "break")
    return pauses


def roster(demands: list[Demand], reference: Reference, sampler: Sampler) -> list[Agent]:
    """Agents with their shifts: a team a queue, every fourth agent skilled in a second queue."""
    by_queue: dict[str, list[Demand]] = defaultdict(list)
    for each in demands:
        by_queue[each.lane.queue].append(each)
    agents: list[Agent] = []
    logins: set[str] = set()
    for queue, own in by_queue.items():
        platform = own[0].lane.platform
        client = reference.queues[queue].client
        others = [
            name
            for name, theirs in by_queue.items()
            if name != queue
            and theirs[0].lane.platform == platform
            and reference.queues[name].client == client
        ]
        first, needs = _need(own, reference)
        team: list[Agent] = []
        for slot, length in _shifts(needs):
            start = (first + slot) * _SLOT
            agent = _free(team, start)
            if agent is None:
                agent = _hire(
                    queue, platform, reference.queues[queue].site, len(agents) + 1, len(team), logins
                )
                extra = (others[len(team) // CROSS_SKILLED_EVERY % len(others)],) if others else ()
                agent.skills = (queue, *(extra if len(team) % CROSS_SKILLED_EVERY == 1 else ()))
                team.append(agent)
                agents.append(agent)
            agent.shifts.append(Shift(start, start + length * _SLOT, _pauses(start, length, sampler)))
    for agent in agents:
        if sampler.chance(_MOVED_SHARE):
            agent.moved_to = f"{agent.team} B"
    return agents


def supervisors(demands: list[Demand], reference: Reference, taken: int) -> dict[str, Agent]:
    """One supervisor a queue, who takes no contacts from it: outbound, tests and monitoring."""
    found: dict[str, Agent] = {}
    logins: set[str] = set()
    for each in demands:
        queue = each.lane.queue
        if queue not in found:
            number = taken + len(found) + 1
            agent = _hire(
                queue, each.lane.platform, reference.queues[queue].site, number, 0, logins, role="lead"
            )
            found[queue] = agent
    return found


def _free(team: list[Agent], start: int) -> Agent | None:
    for agent in team:
        last = agent.shifts[-1].end
        week = sum(1 for shift in agent.shifts[-_DAYS_A_WEEK:] if shift.start > start - 7 * 86400)
        if last + _REST_SECONDS <= start and week < _DAYS_A_WEEK:
            return agent
    return None


def _hire(
    queue: str, platform: str, site: str, number: int, place: int, logins: set[str], role: str = ""
) -> Agent:
    first_name = FIRST_NAMES[number * 7 % len(FIRST_NAMES)]
    last_name = LAST_NAMES[number * 11 % len(LAST_NAMES)]
    plain = unicodedata.normalize("NFKD", f"{role + '.' if role else ''}{first_name}.{last_name[0]}".lower())
    login = plain.encode("ascii", "ignore").decode()
    while login in logins:
        login = f"{login.rstrip('0123456789')}{number}"
    logins.add(login)
    native = login
    if platform == "zendesk":
        native = str(37_000_000_000 + number * 13)
    elif platform == "template":
        native = f"M-{100 + number}"
    elif platform == "asterisk" and number % 5 == 0:
        native = str(1000 + number)
    team = f"{queue.replace('_', ' ').capitalize()} {place // _TEAM_SIZE + 1}"
    lead_first, lead_last = place // _TEAM_SIZE % len(FIRST_NAMES), (number - place) % len(LAST_NAMES)
    lead = f"{FIRST_NAMES[lead_first]} {LAST_NAMES[lead_last]}"
    pace = PACES.get(number % PACE_EVERY, 1.0)
    return Agent(native, platform, first_name, last_name, site, queue, team, lead, number, pace=pace)
