"""What was published as final and changes later is told: the old value, the new one, and why."""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

from centre import Centre
from published import differences_from_whole
from vitals import pipeline

FIGURES = (
    "select kpi_id, day, client, site, queue, case kpi_id when 'channel_mix' then channel"
    " when 'contact_type_mix' then contact_type else 'all' end, numerator, denominator, is_final"
    " from marts.kpi_values"
)


def figures(centre: Centre) -> dict[tuple[Any, ...], tuple[Decimal, Decimal, bool]]:
    """Numerator, denominator and whether final, of each figure as it is restated."""
    found: dict[tuple[Any, ...], tuple[Decimal, Decimal, bool]] = defaultdict(
        lambda: (Decimal(), Decimal(), True)
    )
    for *key, numerator, denominator, is_final in centre.published(FIGURES):
        before = found[tuple(key)]
        found[tuple(key)] = (before[0] + numerator, before[1] + denominator, before[2] and is_final)
    return dict(found)


def bring_late_contact(landing: Path) -> str:
    """A contact of the first week that the spreadsheet's keeper had forgotten; returns its local day."""
    folder = landing / "template" / "contacts"
    with sorted(folder.glob("*.csv"))[0].open(encoding="utf-8-sig", newline="") as file:
        model = next(
            row
            for row in csv.DictReader(file)
            if row["outcome"] == "answered" and row["direction"] == "inbound" and row["is_test"] == "false"
        )
    late = {**model, "contact_id": "LATE-1", "customer": "+359888000111"}
    with (folder / "late.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(late))
        writer.writeheader()
        writer.writerow(late)
    return late["arrived_at"][:10]


def test_late_data_restates_the_final_figures_it_changes_and_no_others(
    centre: Centre, tmp_path: Path
) -> None:
    late = centre.copied(tmp_path)
    assert late.published("select count(*) from quality.rpt_quality_restatements") == [(0,)]
    before = figures(late)
    day = bring_late_contact(late.paths.landing)
    report = pipeline.run(late.paths)
    after = figures(late)

    final_days = {key[:4] for key, own in before.items() if own[2]} - {
        key[:4] for key, own in before.items() if not own[2]
    }
    expected = {
        key: (before.get(key, (None, None))[:2], after.get(key, (None, None))[:2])
        for key in before.keys() | after.keys()
        if (before[key][2] if key in before else key[:4] in final_days)
        and before.get(key, (None, None))[:2] != after.get(key, (None, None))[:2]
    }
    told = {
        tuple(row[:6]): (tuple(row[6:8]), tuple(row[8:10]))
        for row in late.published(
            "select kpi_id, day, client, site, queue, member, old_numerator, old_denominator, new_numerator,"
            " new_denominator from quality.rpt_quality_restatements"
        )
    }
    assert told == expected
    assert {str(key[1]) for key in told if key[0] == "service_level"} == {day}
    assert any(key[0] == "cost_per_contact" and str(key[1]) != day for key in told), (
        "the month's costs are shared"
    )
    assert late.published(
        "select distinct reason, late_files_count, changed_inputs from quality.rpt_quality_restatements"
    ) == [("late_data", 1, "")]
    assert late.published(
        "select late_contacts_count, old_denominator, new_denominator from quality.rpt_quality_restatements"
        " where kpi_id = 'handle_time'"
    ) == [(1, *late_counts(told))]
    assert sum(each.figures for each in report.publication.restated) == len(told)
    assert differences_from_whole(late.paths) == {}


def late_counts(told: dict[tuple[Any, ...], tuple[Any, Any]]) -> tuple[Decimal, Decimal]:
    """The handle time's contacts before and after."""
    ((old, new),) = [own for key, own in told.items() if key[0] == "handle_time"]
    assert new[1] == old[1] + 1
    return old[1], new[1]
