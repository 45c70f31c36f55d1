"""The tiny centre of tests/python/pipeline with tracked models, and changes of its raw files."""

from __future__ import annotations

import pyarrow.parquet as pq

from centre import PROJECT
from vitals.landing import store
from vitals.paths import Paths

HEAD = "call_id,day,wait_seconds\n"
TRACKED = {
    "models/staging/desk/stg_desk__calls.sql": """
{{ tracked_whole('call_id') }}
select
    call_id,
    cast(day as date) as day,
    cast(wait_seconds as decimal(18, 3)) as wait_seconds
from {{ source('desk', 'calls') }}
""",
    "models/marts/core/fct_contacts.sql": """
{{ tracked('contact_id', by={'stg_desk__calls': 'call_id'}) }}
select call_id as contact_id, day, wait_seconds from {{ ref('stg_desk__calls') }}
where {{ only_touched('call_id') }}
""",
    "macros/tracked.sql": (PROJECT / "macros/tracked.sql").read_text(encoding="utf-8"),
}


def track(paths: Paths, more: dict[str, str] | None = None) -> None:
    """Makes the models of the tiny centre tracked, and adds files to its project."""
    for name, text in (TRACKED | (more or {})).items():
        file = paths.project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip(), encoding="utf-8")
    settings = paths.project / "dbt_project.yml"
    dispatch = "dispatch: [{macro_namespace: vitals, search_order: [tiny]}]\n"
    settings.write_text(settings.read_text(encoding="utf-8") + dispatch, encoding="utf-8")


def rewrite(paths: Paths, call_id: str, wait: str | None) -> None:
    """Gives a call of the raw files another wait, or takes it out of them and of their account."""
    for raw in paths.raw.glob("desk/calls/*.parquet"):
        rows = pq.ParquetFile(raw).read().to_pylist()
        if all(row["call_id"] != call_id for row in rows):
            continue
        for row in rows:
            row["wait_seconds"] = wait if row["call_id"] == call_id else row["wait_seconds"]
        kept = [row for row in rows if row["wait_seconds"] is not None]
        store.write_rows(raw, pq.read_schema(raw), kept)
        ledger = store.read_ledger(paths)
        for entry in ledger:
            if entry["file_hash"] == raw.stem and len(kept) < len(rows):
                entry["rows_expired"] = 1
        store.write_rows(paths.ledger_file, store.LEDGER, ledger)
