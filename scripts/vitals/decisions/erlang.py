"""Erlang C: how long contacts wait for a group of agents, and how many agents a service level takes.

The queue M/M/N: contacts arrive at random, none gives up, each waits for the first of N equal agents; A
erlang are offered. A. K. Erlang, "Solution of some problems in the theory of probabilities of significance
in automatic telephone exchanges", 1917; for call centres N. Gans, G. Koole, A. Mandelbaum, "Telephone call
centers: tutorial, review, and research prospects", 2003. Nobody hangs up in this model, so it asks for
somewhat more agents than a centre with impatient callers needs.

Every function takes scalars or arrays that broadcast, works in float64 and never loops over rows. NaN means
unknown and stays NaN.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import gammaln, pdtr

Floats = npt.NDArray[np.float64]


def load_erlangs(
    contacts: npt.ArrayLike,
    handle_seconds: npt.ArrayLike,
    interval_seconds: npt.ArrayLike,
    concurrency: npt.ArrayLike = 1.0,
) -> Floats:
    """Work offered, in erlang: how many agents it would keep busy without a pause.

    Args:
        contacts: contacts that arrive in the interval; need not be whole.
        handle_seconds: mean handle time of one, in seconds.
        interval_seconds: length of the interval, in seconds; above 0.
        concurrency: contacts that an agent handles at once; above 0.

    Raises:
        ValueError: an argument is negative, or the interval or the concurrency is not above 0.
    """
    counts, handle = _not_negative("contacts", contacts), _not_negative("handle_seconds", handle_seconds)
    length, at_once = _positive("interval_seconds", interval_seconds), _positive("concurrency", concurrency)
    return np.asarray(counts * handle / length / at_once, dtype=np.float64)


def occupancy(load: npt.ArrayLike, agents: npt.ArrayLike) -> Floats:
    """Share of their time that agents are on contacts: load / agents, at most 1; NaN without agents.

    Raises:
        ValueError: an argument is negative.
    """
    offered, servers = np.broadcast_arrays(_not_negative("load", load), _not_negative("agents", agents))
    busy = np.divide(offered, servers, out=np.full(offered.shape, np.nan), where=servers > 0)
    return np.asarray(np.minimum(busy, 1.0), dtype=np.float64)


def wait_probability(load: npt.ArrayLike, agents: npt.ArrayLike) -> Floats:
    """Share of contacts that wait, Erlang's C.

    C = B / (1 − ρ (1 − B)), where ρ = A / N and B, Erlang's loss formula, is P(X = N) / P(X ≤ N) of a
    Poisson X with mean A. As quotient of two probabilities it stays exact for thousands of agents, where
    A^N / N! overflows.

    Args:
        load: erlang offered.
        agents: whole agents.

    Returns:
        0 without load; 1 where the load is not below the agents, since the queue then grows without end.

    Raises:
        ValueError: an argument is negative, or agents are not whole.
    """
    offered, servers = np.broadcast_arrays(_not_negative("load", load), _whole("agents", agents))
    stable = (offered > 0) & (offered < servers)
    waits = np.where(np.isnan(offered) | np.isnan(servers), np.nan, np.where(offered > 0, 1.0, 0.0))
    a, n = offered[stable], servers[stable]
    blocked = np.exp(n * np.log(a) - a - gammaln(n + 1.0)) / pdtr(n, a)
    waits[stable] = blocked / (1.0 - a / n * (1.0 - blocked))
    return np.asarray(waits, dtype=np.float64)


def service_level(
    load: npt.ArrayLike, agents: npt.ArrayLike, handle_seconds: npt.ArrayLike, target_seconds: npt.ArrayLike
) -> Floats:
    """Share of contacts answered within the target: 1 − C · exp(−(N − A) · T / H).

    Args:
        load: erlang offered.
        agents: agents; between two whole numbers the service level is interpolated, as when one is there
            half of the time.
        handle_seconds: mean time that one contact keeps an agent, in seconds.
        target_seconds: T, in seconds.

    Returns:
        1 without load, 0 where the load is not below the agents.

    Raises:
        ValueError: an argument is negative.
    """
    offered, servers, handle, within = np.broadcast_arrays(
        _not_negative("load", load),
        _not_negative("agents", agents),
        _not_negative("handle_seconds", handle_seconds),
        _not_negative("target_seconds", target_seconds),
    )
    below = np.floor(servers)
    part = servers - below
    lower = _whole_service_level(offered, below, handle, within)
    upper = _whole_service_level(offered, below + 1.0, handle, within)
    return np.asarray(lower + part * (upper - lower), dtype=np.float64)


def speed_of_answer(load: npt.ArrayLike, agents: npt.ArrayLike, handle_seconds: npt.ArrayLike) -> Floats:
    """Mean wait of all contacts, in seconds: C · H / (N − A); infinite where the load is not below the
    agents.

    Raises:
        ValueError: an argument is negative, or agents are not whole.
    """
    offered, servers, handle = np.broadcast_arrays(
        _not_negative("load", load), _whole("agents", agents), _not_negative("handle_seconds", handle_seconds)
    )
    waits = wait_probability(offered, servers)
    spare = servers - offered
    seconds = np.divide(waits * handle, spare, out=np.full(offered.shape, np.inf), where=spare > 0)
    return np.asarray(np.where(offered > 0, seconds, waits * 0.0), dtype=np.float64)


def agents_needed(
    load: npt.ArrayLike,
    handle_seconds: npt.ArrayLike,
    target_seconds: npt.ArrayLike,
    target_share: npt.ArrayLike,
    maximum_occupancy: npt.ArrayLike = 1.0,
) -> Floats:
    """The fewest whole agents that reach a service level and are not busier than allowed.

    Args:
        load: erlang offered.
        handle_seconds: mean time that one contact keeps an agent, in seconds.
        target_seconds: a contact is in target when answered within so many seconds.
        target_share: share of contacts to answer in target, 0 to 1.
        maximum_occupancy: share of their time that agents may be on contacts at most; above 0, at most 1.

    Returns:
        Whole numbers; 0 without load, always above the load with one, NaN where anything is unknown.

    Raises:
        ValueError: an argument is negative, or a share is out of its range.
    """
    offered, handle, within, share, busiest = np.broadcast_arrays(
        _not_negative("load", load),
        _not_negative("handle_seconds", handle_seconds),
        _not_negative("target_seconds", target_seconds),
        _not_negative("target_share", target_share),
        _positive("maximum_occupancy", maximum_occupancy),
    )
    if np.any(share > 1) or np.any(busiest > 1):
        raise ValueError("target_share and maximum_occupancy are shares, at most 1")
    unknown = np.isnan(offered) | np.isnan(handle) | np.isnan(within) | np.isnan(share) | np.isnan(busiest)
    agents = np.where(
        offered > 0, np.maximum(np.floor(offered) + 1.0, np.ceil(offered / busiest - 1e-9)), 0.0
    )
    short = ~unknown & (offered > 0)
    while np.any(short):
        reached = _whole_service_level(offered[short], agents[short], handle[short], within[short])
        missing = np.zeros_like(short)
        missing[short] = reached < share[short]
        agents[missing] += 1.0
        short = missing
    return np.asarray(np.where(unknown, np.nan, agents), dtype=np.float64)


def _whole_service_level(offered: Floats, servers: Floats, handle: Floats, within: Floats) -> Floats:
    waits = wait_probability(offered, servers)
    spare = servers - offered
    # A contact that takes no time keeps nobody waiting; there is then no load either.
    spells = np.divide(within, handle, out=np.full(offered.shape, np.inf), where=handle > 0)
    late = waits * np.exp(-np.maximum(spare, 0.0) * np.where(spare > 0, spells, 0.0))
    unknown = np.isnan(handle) | np.isnan(within)
    return np.asarray(np.where(unknown, np.nan, 1.0 - late), dtype=np.float64)


def _not_negative(name: str, value: npt.ArrayLike) -> Floats:
    array = np.asarray(value, dtype=np.float64)
    if np.any(array < 0):
        raise ValueError(f"{name} must not be negative")
    return array


def _positive(name: str, value: npt.ArrayLike) -> Floats:
    array = np.asarray(value, dtype=np.float64)
    if np.any(array <= 0):
        raise ValueError(f"{name} must be above 0")
    return array


def _whole(name: str, value: npt.ArrayLike) -> Floats:
    array = _not_negative(name, value)
    if np.any(array != np.floor(array), where=~np.isnan(array)):
        raise ValueError(f"{name} must be whole")
    return array
