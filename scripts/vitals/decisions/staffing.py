"""Agents needed for what came, and the service level that those who were there could reach."""

from __future__ import annotations

import numpy as np
import pandas as pd

from vitals.decisions import erlang

INTERVAL_SECONDS = 900
_KEY = ["interval_start_at", "client", "site", "queue", "channel"]


def needs(loads: pd.DataFrame) -> pd.DataFrame:
    """Agents needed, row by row.

    Live channels take whole agents by Erlang C, at least the queue's minimum; deferred ones take the agents
    that their work keeps busy at the occupancy aimed at, since it can wait. The expected service level is
    that of one group in which everybody staffed at the site takes any live contact first, so it is an upper
    bound.

    Args:
        loads: rows of calc_staffing_loads__measured: work_seconds due in the interval, agent_seconds that a
            contact keeps an agent, thresholds and targets in force, live_work_seconds and
            live_offered_count of the whole site, staffed_seconds there.

    Returns:
        The key with needed_agents and expected_service_level (live channels with contacts only), null where a
        handle time or target is unknown.
    """
    numbers = {
        name: loads[name].astype("float64").to_numpy()
        for name in (
            "offered_count",
            "unplanned_offered_count",
            "agent_seconds",
            "work_seconds",
            "service_level_seconds",
            "service_level_target",
            "occupancy_target",
            "maximum_occupancy",
            "minimum_agents",
            "live_work_seconds",
            "live_offered_count",
            "staffed_seconds",
        )
    }
    is_live = loads["is_synchronous"].astype(bool).to_numpy()
    load = numbers["work_seconds"] / INTERVAL_SECONDS
    # Contacts whose handle time nobody knows are no idleness; without contacts no time or target is missing.
    is_unknown = numbers["unplanned_offered_count"] > 0
    idle = (load == 0) & ~is_unknown
    by_erlang = erlang.agents_needed(
        load,
        np.where(idle, 0.0, numbers["agent_seconds"]),
        numbers["service_level_seconds"],
        np.where(idle, 0.0, numbers["service_level_target"]),
        numbers["maximum_occupancy"],
    )
    by_workload = np.where(idle, 0.0, load / numbers["occupancy_target"])
    needed = np.where(is_live, np.maximum(by_erlang, numbers["minimum_agents"]), by_workload)
    needed = np.where(is_unknown, np.nan, needed)
    contacts = numbers["live_offered_count"]
    pool_seconds = np.divide(
        numbers["live_work_seconds"], contacts, out=np.zeros_like(contacts), where=contacts > 0
    )
    expected = erlang.service_level(
        numbers["live_work_seconds"] / INTERVAL_SECONDS,
        numbers["staffed_seconds"] / INTERVAL_SECONDS,
        pool_seconds,
        numbers["service_level_seconds"],
    )
    is_expected = is_live & (numbers["offered_count"] > 0) & ~is_unknown
    found = loads[_KEY].copy()
    found["needed_agents"] = pd.array(needed, dtype="Float64")
    found["expected_service_level"] = pd.array(np.where(is_expected, expected, np.nan), dtype="Float64")
    return found
