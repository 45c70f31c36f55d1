"""Every macro that bridges DuckDB and Spark, value by value: both give what is expected.

`make test-spark` runs it; its name keeps it out of `make test`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from engines import dbt

from centre import PROJECT

# A macro's call as a model has it, and the value as text; None is null. Where a macro makes rows or reads
# them, `from` follows.
CASES: tuple[tuple[str, str | None], ...] = (
    # --- times
    ("iso_to_utc(\"'2026-10-05T08:00:00+02:00'\")", "2026-10-05 06:00:00"),
    ("iso_to_utc(\"'2026-10-05T08:00:00Z'\")", "2026-10-05 08:00:00"),
    ("iso_to_utc(\"' 2026-10-05 08:00:00.25 '\")", "2026-10-05 08:00:00.25"),
    ("iso_to_utc(\"'2026-02-30T08:00:00Z'\")", None),
    ("iso_to_utc(\"'2026-10-05'\")", "2026-10-05 00:00:00"),
    ("iso_to_utc(\"'yesterday'\")", None),
    ("iso_to_utc(\"'2026-10'\")", None),
    ("iso_to_utc(\"'2026-10-05 08'\")", None),
    ("iso_to_utc(\"'2026-10-05 08:00:00 +02:00'\")", None),
    ("iso_to_utc(\"'2026-10-05 08:00:00 -02:00'\")", None),
    ("iso_to_utc(\"'2026-10-05T08:00:00+0200'\")", "2026-10-05 06:00:00"),
    ("iso_to_utc(\"'2026-10-05T08:00:00-02:30'\")", "2026-10-05 10:30:00"),
    ("iso_to_utc(\"'2026-10-5T8:00:00.123456789Z'\")", "2026-10-05 08:00:00.123456"),
    ("iso_to_utc(\"'2026/10/05 08:00'\")", "2026-10-05 08:00:00"),
    ("clock_from(\"'2026-10-05 08:00:00'\")", "2026-10-05 08:00:00"),
    ("clock_from(\"'today'\")", None),
    ("iso_to_utc(\"''\")", None),
    ("epoch_to_utc(\"'1791187200'\")", "2026-10-05 08:00:00"),
    ("epoch_to_utc(\"'1791187200.5'\")", "2026-10-05 08:00:00.5"),
    ("epoch_to_utc(\"'soon'\")", None),
    ("rfc_2822_clock(\"'Mon, 05 Oct 2026 08:00:00 +0000'\")", "2026-10-05 08:00:00"),
    ("rfc_2822_clock(\"'5 Oct 2026 8:00:00'\")", "2026-10-05 08:00:00"),
    ("rfc_2822_clock(\"'Mon, 45 Oct 2026 08:00:00'\")", None),
    ("utc_to_local(\"timestamp '2026-10-25 00:30:00'\", \"'Europe/Sofia'\")", "2026-10-25 03:30:00"),
    ("utc_to_local(\"timestamp '2026-10-25 01:30:00'\", \"'Europe/Sofia'\")", "2026-10-25 03:30:00"),
    ("local_to_utc(\"timestamp '2026-10-05 10:00:00'\", \"'Europe/Paris'\")", "2026-10-05 08:00:00"),
    ("first_local_to_utc(\"timestamp '2026-10-25 03:30:00'\", \"'Europe/Sofia'\")", "2026-10-25 00:30:00"),
    ("first_local_to_utc(\"timestamp '2026-10-05 10:00:00'\", \"'Europe/Paris'\")", "2026-10-05 08:00:00"),
    (
        "seconds_between(\"timestamp '2026-10-05 10:00:00'\", \"timestamp '2026-10-05 11:01:00.25'\")",
        "3660.250",
    ),
    ("seconds_between(\"timestamp '2026-10-05 10:00:00'\", \"timestamp '2026-10-05 09:59:59.9'\")", "-0.100"),
    ("add_seconds(\"timestamp '2026-10-05 10:00:00'\", '90.5')", "2026-10-05 10:01:30.5"),
    ("add_seconds(\"timestamp '2026-10-05 10:00:00'\", '-0.25')", "2026-10-05 09:59:59.75"),
    ("floor_minutes(\"timestamp '2026-10-05 10:14:59.9'\", 15)", "2026-10-05 10:00:00"),
    ("floor_minutes(\"timestamp '2026-10-05 10:15:00'\", 15)", "2026-10-05 10:15:00"),
    ("days_between(\"date '2026-10-05'\", \"date '2026-11-05'\")", "31"),
    ("add_days(\"date '2026-10-05'\", -5)", "2026-09-30"),
    ("month_of(\"date '2026-10-31'\")", "2026-10-01"),
    ("iso_weekday(\"date '2026-10-05'\")", "1"),
    ("iso_weekday(\"date '2026-10-11'\")", "7"),
    ("latest_time_in(\"'a 2026-10-05T08:00:00Z b 2026-10-5T09:00:00.5Z'\")", "2026-10-05 09:00:00.5"),
    ("latest_time_in(\"'nothing'\")", None),
    ("has_broken_time(\"'2026-02-30T08:00:00Z'\")", "true"),
    ("has_broken_time(\"'2026-02-03T08:00:00Z'\")", "false"),
    ("local_time_to_utc(\"'2026-10-05T08:00:00+02:00'\", \"'Europe/Sofia'\")", "2026-10-05 06:00:00"),
    ("local_time_to_utc(\"'2026-10-05 08:00:00'\", \"'Europe/Sofia'\")", "2026-10-05 05:00:00"),
    # --- JSON
    ('json_text("\'{\\"a\\": {\\"B\\": 5}}\'", "a.B")', "5"),
    ('json_text("\'{\\"a\\": null}\'", "a")', None),
    ('json_text("\'{\\"a\\": true}\'", "a")', "true"),
    ('nth(json_texts("\'{\\"a\\": \\"x\\", \\"b\\": 2}\'", ["a", "b"]), 2)', "2"),
    ("json_array_length(\"'[1, 2, 3]'\")", "3"),
    ('json_member("\'{\\"k1\\": \\"v\\"}\'", "\'k1\'")', "v"),
    ("json_document(\"'[1]'\")", "[1]"),
    ("json_document(\"'not json'\")", None),
    ("json_document(\"'5'\")", None),
    # --- text
    ("regexp_replace_all(\"'a-b-c'\", '-', '')", "abc"),
    ("matches(\"'ab12'\", '[0-9]{2}')", "true"),
    ("matches(\"'ab'\", '[0-9]')", "false"),
    ("matched(\"'ab12cd'\", '[0-9]+')", "12"),
    ("matched(\"'ab'\", '[0-9]+')", ""),
    ("clean_text(\"'  '\")", None),
    ("reason_codes(\"'a b is missing; c_d is no number'\")", "a_b_is_missing; c_d_is_no_number"),
    ("surrogate_key([\"'a'\", 'null'])", "02f02192062c2d4152bc5329151c8885"),
    # --- numbers
    ("seconds_from(\"' 12.5 '\")", "12.500"),
    ("seconds_from(\"'12,5'\")", None),
    ("seconds_from_clock(\"'0:02:23'\")", "143.000"),
    ("seconds_from_clock(\"'12:02:23 AM'\")", "143.000"),
    ("count_from(\"'2.0'\")", "2"),
    ("count_from(\"'2.5'\")", None),
    ("boolean_from(\"' Yes '\")", "true"),
    ("boolean_from(\"'perhaps'\")", None),
    ("ratio('1', '4')", "0.25"),
    ("ratio('1', '0')", None),
)
ROWS: tuple[tuple[str, str | None], ...] = (
    (
        "select {{ list_distinct_sorted('word') }} from (select 'b' as word union all select 'a' union all"
        " select 'b' union all select null) as words",
        "a, b",
    ),
    ("select {{ list_distinct_sorted('word') }} from (select cast(null as string) as word) as words", ""),
    (
        "select {{ joined_in_order('word', '>', 'place') }} from (select 'b' as word, 1 as place union all"
        " select 'a', 2) as words",
        "b>a",
    ),
    (
        "select {{ list_distinct_sorted('element') }} from"
        " (select {{ json_to_rows(\"'[1, 22]'\") }} as element) as elements",
        "1, 22",
    ),
    (
        "select {{ list_distinct_sorted('part') }} from"
        " (select {{ split_to_rows(\"'b;a;;b'\", ';') }} as part) as parts",
        ", a, b",
    ),
    (
        "select {{ list_distinct_sorted('member.key') }} from (select {{ json_members_to_rows("
        '"\'{\\"x\\": 1, \\"y\\": 2}\'") }} as member) as members',
        "x, y",
    ),
    (
        "select count(*) from"
        " (select timestamp '2026-10-05 10:14:00' as a, timestamp '2026-10-05 10:45:00' as b) as spans"
        " {{ lateral_buckets('spans.a', 'spans.b', 15, 'buckets', 'start_at') }}",
        "3",
    ),
    (
        "select max(start_at) from (select timestamp '2026-10-05 10:14:00' as a, timestamp"
        " '2026-10-05 10:45:00.1' as b) as spans"
        " {{ lateral_buckets('spans.a', 'spans.b', 15, 'buckets', 'start_at') }}",
        "2026-10-05 10:45:00",
    ),
)
# How a table is made, a source found and a change noted is no value: check_spark.py builds with these.
OF_THE_BUILD = {
    "all_but",
    "declare_source",
    "escape_single_quotes",
    "get_assert_columns_equivalent",
    "get_select_subquery",
    "has_changes",
    "is_landed",
    "load_csv_rows",
    "rows_of_files",
}


def answers(target: str, home: Path) -> list[str | None]:
    """What an engine says to every case, as text."""
    columns = [f"cast({{{{ {call} }}}} as string) as case_{place}" for place, (call, _) in enumerate(CASES)]
    columns += [f"cast(({query}) as string) as rows_{place}" for place, (query, _) in enumerate(ROWS)]
    (home / "spark").mkdir(exist_ok=True)
    done = dbt(
        home,
        *("--quiet", "--log-format", "json", "show", "--output", "json", "--target", target),
        *("--inline", "select\n" + ",\n".join(columns), "--no-populate-cache"),
        env={"VITALS_WAREHOUSE": str(home)},
    )
    shown = [
        event["data"]["preview"]
        for event in map(_json, done.stdout.splitlines())
        if "preview" in event.get("data", {})
    ]
    assert shown, done.stdout[-3000:] + done.stderr[-3000:]
    (row,) = json.loads(shown[0])
    return [None if value is None else str(value) for value in row.values()]


def _json(line: str) -> dict[str, dict[str, str]]:
    try:
        found: dict[str, dict[str, str]] = json.loads(line)
    except ValueError:
        return {}
    return found


@pytest.mark.parametrize("target", ["duckdb", "spark"])
def test_every_macro_gives_what_is_expected(target: str, tmp_path: Path) -> None:
    given = answers(target, tmp_path)
    expected = [*CASES, *ROWS]
    wrong = [
        f"{call}: {said!r}, not {meant!r}"
        for (call, meant), said in zip(expected, given, strict=True)
        if said != meant
    ]
    assert wrong == []


def test_no_bridge_is_without_a_case() -> None:
    bridged = {
        name
        for file in (PROJECT / "macros").glob("*.sql")
        for name in re.findall(r"\{%-? macro spark__(\w+)", file.read_text(encoding="utf-8"))
    }
    told = " ".join(call for call, _ in [*CASES, *ROWS])
    assert {name for name in bridged - OF_THE_BUILD if f"{name}(" not in told} == set()
