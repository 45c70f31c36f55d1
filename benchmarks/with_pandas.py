"""The core figures in pandas: `python with_pandas.py contacts.parquet out/`."""

import sys
from pathlib import Path

import pandas as pd

CELL = ["day", "client", "site", "queue", "channel", "contact_type"]


def main(source: str, target: Path) -> None:
    c = pd.read_parquet(source)
    c["covered_from"] = c.groupby("client")["arrived"].transform("min")
    known = c[c["customer"].notna()].sort_values(["customer", "client", "arrived", "contact_id"])
    person, matter = ["customer", "client"], ["customer", "client", "contact_type"]
    arrived = known["arrived"].astype("float64")
    keys = [known[name] for name in person]
    unclassified = arrived.where(known["contact_type"] == "unclassified")
    is_unclassified = known["contact_type"] == "unclassified"
    previous = known.groupby(person, sort=False)["arrived"].shift(1)
    following = known.groupby(person, sort=False)["arrived"].shift(-1)
    same_before = known.groupby(matter, sort=False)["arrived"].shift(1)
    same_after = known.groupby(matter, sort=False)["arrived"].shift(-1)
    vague_before = unclassified.groupby(keys, sort=False).ffill()
    vague_after = unclassified.groupby(keys, sort=False).bfill()
    before = previous.where(is_unclassified, pd.concat([same_before, vague_before], axis=1).max(axis=1))
    after = following.where(is_unclassified, pd.concat([same_after, vague_after], axis=1).min(axis=1))
    window = known["repeat_window_seconds"]
    covered = arrived - known["covered_from"] >= window
    repeat, followed = arrived - before <= window, after - arrived <= window
    for name, flag in {"is_covered": covered, "is_repeat": repeat, "is_followed": followed}.items():
        c[name] = flag.reindex(c.index, fill_value=False)
    answered, abandoned = c["outcome"] == "answered", c["outcome"] == "abandoned"
    offered = c["outcome"].isin(["answered", "abandoned", "callback_requested", "diverted"])
    opener = c["is_covered"] & ~c["is_repeat"]
    settled = c["outcome"].isin(["answered", "self_served"]) & ~c["is_resolved"].eq(False).fillna(False)
    measures = pd.DataFrame(
        {
            "contacts_count": 1,
            "offered_count": offered,
            "answered_count": answered,
            "abandoned_count": abandoned,
            "short_abandon_count": abandoned & (c["wait"] <= c["short_abandon_seconds"]),
            "answered_in_target_count": answered & (c["wait"] <= c["service_level_seconds"]),
            "answered_wait_seconds": c["wait"].where(answered, 0).fillna(0),
            "handle_seconds": c["handle"].where(answered, 0).fillna(0),
            "talk_measured_count": answered & c["talk"].notna(),
            "repeat_known_count": c["is_covered"],
            "repeat_count": c["is_covered"] & c["is_repeat"],
            "issues_count": opener,
            "resolved_first_contact_count": opener & ~c["is_followed"] & settled,
        }
    ).astype("int64")
    daily = measures.groupby([c[name] for name in CELL], sort=False).sum().reset_index()
    some = measures.columns[1:7]
    spans = [c.loc[offered, name] for name in ["interval_start", *CELL[:-1]]]
    intervals = measures.loc[offered, some].groupby(spans, sort=False).sum().reset_index()
    pairs = {
        "service_level": ("answered_in_target_count", daily["offered_count"] - daily["short_abandon_count"]),
        "speed_of_answer": ("answered_wait_seconds", daily["answered_count"]),
        "abandonment_rate": (None, daily["offered_count"] - daily["short_abandon_count"]),
        "handle_time": ("handle_seconds", daily["talk_measured_count"]),
        "first_contact_resolution": ("resolved_first_contact_count", daily["issues_count"]),
        "repeat_contact_rate": ("repeat_count", daily["repeat_known_count"]),
    }
    left = daily["abandoned_count"] - daily["short_abandon_count"]
    kpis = pd.concat(
        daily[CELL].assign(kpi_id=kpi, numerator=daily[name] if name else left, denominator=base)
        for kpi, (name, base) in pairs.items()
    )
    daily.to_parquet(target / "daily.parquet")
    intervals.to_parquet(target / "intervals.parquet")
    kpis.to_parquet(target / "kpis.parquet", index=False)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
