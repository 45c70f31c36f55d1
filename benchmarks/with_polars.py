"""The core figures in Polars: `python with_polars.py contacts.parquet out/`."""

import sys
from pathlib import Path

import polars as pl

CELL = ["day", "client", "site", "queue", "channel", "contact_type"]


def main(source: str, target: Path) -> None:
    person, matter = ["customer", "client"], ["customer", "client", "contact_type"]
    arrived, window = pl.col("arrived"), pl.col("repeat_window_seconds")
    is_unclassified = pl.col("contact_type") == "unclassified"
    vague = pl.when(is_unclassified).then(arrived)
    c = pl.scan_parquet(source).with_columns(covered_from=arrived.min().over("client"))
    known = (
        c.filter(pl.col("customer").is_not_null())
        .sort("customer", "client", "arrived", "contact_id")
        .with_columns(
            before=pl.when(is_unclassified)
            .then(arrived.shift(1).over(person))
            .otherwise(pl.max_horizontal(arrived.shift(1).over(matter), vague.forward_fill().over(person))),
            after=pl.when(is_unclassified)
            .then(arrived.shift(-1).over(person))
            .otherwise(pl.min_horizontal(arrived.shift(-1).over(matter), vague.backward_fill().over(person))),
        )
        .select(
            "contact_id",
            is_covered=arrived - pl.col("covered_from") >= window,
            is_repeat=(arrived - pl.col("before") <= window).fill_null(False),
            is_followed=(pl.col("after") - arrived <= window).fill_null(False),
        )
    )
    outcome = pl.col("outcome")
    answered, abandoned = outcome == "answered", outcome == "abandoned"
    flagged = c.join(known, on="contact_id", how="left").with_columns(
        pl.col("is_covered", "is_repeat", "is_followed").fill_null(False),
        is_offered=outcome.is_in(["answered", "abandoned", "callback_requested", "diverted"]),
        is_short=abandoned & (pl.col("wait") <= pl.col("short_abandon_seconds")),
        is_in_target=answered & (pl.col("wait") <= pl.col("service_level_seconds")),
    )
    opener = pl.col("is_covered") & ~pl.col("is_repeat")
    settled = outcome.is_in(["answered", "self_served"]) & pl.col("is_resolved").ne_missing(False)
    queue_measures = [
        pl.col("is_offered").sum().cast(pl.Int64).alias("offered_count"),
        answered.sum().cast(pl.Int64).alias("answered_count"),
        abandoned.sum().cast(pl.Int64).alias("abandoned_count"),
        pl.col("is_short").sum().cast(pl.Int64).alias("short_abandon_count"),
        pl.col("is_in_target").sum().cast(pl.Int64).alias("answered_in_target_count"),
        pl.col("wait").filter(answered).sum().alias("answered_wait_seconds"),
    ]
    daily = flagged.group_by(CELL).agg(
        pl.len().cast(pl.Int64).alias("contacts_count"),
        *queue_measures,
        pl.col("handle").filter(answered).sum().alias("handle_seconds"),
        pl.col("talk").filter(answered).count().cast(pl.Int64).alias("talk_measured_count"),
        pl.col("is_covered").sum().cast(pl.Int64).alias("repeat_known_count"),
        (pl.col("is_covered") & pl.col("is_repeat")).sum().cast(pl.Int64).alias("repeat_count"),
        opener.sum().cast(pl.Int64).alias("issues_count"),
        (opener & ~pl.col("is_followed") & settled)
        .sum()
        .cast(pl.Int64)
        .alias("resolved_first_contact_count"),
    )
    spans = flagged.filter(pl.col("is_offered")).group_by("interval_start", *CELL[:-1])
    daily, intervals = pl.collect_all([daily, spans.agg(*queue_measures)])
    base = pl.col("offered_count") - pl.col("short_abandon_count")
    left = pl.col("abandoned_count") - pl.col("short_abandon_count")
    pairs = {
        "service_level": (pl.col("answered_in_target_count"), base),
        "speed_of_answer": (pl.col("answered_wait_seconds"), pl.col("answered_count")),
        "abandonment_rate": (left, base),
        "handle_time": (pl.col("handle_seconds"), pl.col("talk_measured_count")),
        "first_contact_resolution": (pl.col("resolved_first_contact_count"), pl.col("issues_count")),
        "repeat_contact_rate": (pl.col("repeat_count"), pl.col("repeat_known_count")),
    }
    kpis = pl.concat(
        daily.select(pl.lit(kpi).alias("kpi_id"), *CELL, top.alias("numerator"), bottom.alias("denominator"))
        for kpi, (top, bottom) in pairs.items()
    )
    daily.write_parquet(target / "daily.parquet")
    intervals.write_parquet(target / "intervals.parquet")
    kpis.write_parquet(target / "kpis.parquet")


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
