"""Agents' results against the same mix of contacts equal what the simulator knows, and find who is slow."""

import pytest

from centre import Centre
from truths import truth

VALUES = ("observed_value", "expected_value", "difference", "difference_low", "difference_high")
EXACT = (
    "contacts_count",
    "colleagues_count",
    "shared_contacts_count",
    "uncomparable_contacts_count",
    "verdict",
)


def test_every_agent_is_compared_as_the_truth_does(centre: Centre) -> None:
    expected = {(row["agent_id"], row["kpi_id"]): row for row in truth(centre, "rpt_agent_coaching.csv")}
    actual = {
        row[:2]: (tuple(map(str, row[2:7])), row[7:])
        for row in centre.published(
            f"select agent_id, kpi_id, {', '.join(EXACT)}, {', '.join(VALUES)} from marts.rpt_agent_coaching"
        )
    }
    assert set(actual) == set(expected)
    for key, (exact, values) in actual.items():
        row = expected[key]
        assert exact == tuple(row[name] for name in EXACT), key
        known = [float(row[name]) if row[name] else None for name in VALUES]
        assert list(values) == [
            None if value is None else pytest.approx(value, rel=1e-7, abs=1e-7) for value in known
        ], key
    assert {kpi_id for _, kpi_id in actual} == {
        "handle_time", "transfer_rate", "first_contact_resolution", "csat"
    }  # fmt: skip


def test_the_slow_are_found_and_hardly_anybody_else(centre: Centre) -> None:
    paces = {row["agent_id"]: float(row["pace"]) for row in truth(centre, "agent_paces.csv")}
    judged = [
        (paces[agent], kpi_id, verdict)
        for agent, kpi_id, verdict in centre.published(
            "select agent_id, kpi_id, verdict from marts.rpt_agent_coaching where verdict <> 'too_few'"
        )
    ]
    slow = [verdict for pace, kpi_id, verdict in judged if pace > 1 and kpi_id == "handle_time"]
    quick = [verdict for pace, kpi_id, verdict in judged if pace < 1 and kpi_id == "handle_time"]
    assert slow.count("worse") > len(slow) / 2
    assert "better" not in slow
    assert quick.count("better") > 0
    assert "worse" not in quick
    # Pace moves nothing but time; of everything else one in a hundred is flagged by chance.
    usual = [verdict for pace, kpi_id, verdict in judged if pace == 1 or kpi_id != "handle_time"]
    assert len(usual) > 40
    assert sum(verdict != "as_expected" for verdict in usual) <= 3
