"""A contact centre of three models, so that the pipeline's mechanics are tested in seconds."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from centre import PROJECT
from vitals import pipeline
from vitals.gates import Gatekeeper
from vitals.paths import Paths

# How the project itself tests its rows, and keeps those that fail.
REAL = ("tests/generic/valid_rows.sql", "macros/data_test.sql")
FILES = {
    "dbt_project.yml": """
name: tiny
version: "1.0.0"
profile: vitals
flags: {send_anonymous_usage_stats: false}
vars: {reporting_currency: EUR}
models:
  tiny:
    staging: {+schema: staging, +materialized: table}
    marts: {+schema: marts, +meta: {level: analysts}, +materialized: table, kpis: {+materialized: view}}
sources:
  tiny:
    +meta: {external_location: "{{ env_var('VITALS_WAREHOUSE') }}/raw/{schema}/{name}/*.parquet"}
data_tests: {tiny: {+store_failures: true, +schema: audit}}
""",
    "profiles.yml": """
vitals:
  target: duckdb
  outputs:
    duckdb: {type: duckdb, path: "{{ env_var('VITALS_WAREHOUSE') }}/work.duckdb", schema: main, threads: 1}
""",
    "macros/generate_schema_name.sql": """
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name | trim if custom_schema_name is not none else target.schema }}
{%- endmacro %}
""",
    "models/staging/desk/_desk__sources.yml": """
version: 2
sources:
  - name: desk
    description: A desk with a telephone.
    tables:
      - name: calls
        description: One row per call.
        config: {meta: {format: delimited}}
        columns:
          - {name: call_id, data_type: string, description: Its id., config: {meta: {required: true}}}
          - {name: day, data_type: string, description: Its day.}
          - {name: wait_seconds, data_type: string, description: Its wait.}
""",
    "models/staging/desk/stg_desk__calls.sql": """
select
    call_id,
    cast(day as date) as day,
    cast(wait_seconds as decimal(18, 3)) as wait_seconds
from {{ source('desk', 'calls') }}
""",
    "models/marts/core/fct_contacts.sql": """
select call_id as contact_id, day, wait_seconds from {{ ref('stg_desk__calls') }}
""",
    "models/marts/core/dim_kpi.sql": "select 'service_level' as kpi_id, 'percent' as unit",
    "models/marts/kpis/kpi_values.sql": """
select
    'service_level' as kpi_id,
    day,
    count(*) filter (where wait_seconds <= 20) as numerator,
    count(*) as denominator,
    count(*) filter (where wait_seconds <= 20) / cast(count(*) as double) as value,
    true as is_final
from {{ ref('fct_contacts') }}
group by day
""",
    "models/marts/_models.yml": """
version: 2
models:
  - name: fct_contacts
    description: One row per contact; "it's" what the customer lived.
    data_tests:
      - valid_rows:
          name: valid_rows_fct_contacts
          arguments: {not_null: [contact_id, day], not_negative: [wait_seconds]}
    columns:
      - name: contact_id
        description: Id of the contact.
        data_tests: [unique]
      - name: wait_seconds
        description: Queue wait, s.
""",
    **{name: (PROJECT / name).read_text(encoding="utf-8") for name in REAL},
}

GOOD = "call_id,day,wait_seconds\na,2026-03-01,10\nb,2026-03-01,30\nc,2026-03-02,5\n"


def drop(paths: Paths, name: str, text: str) -> None:
    """Put an export where a user would."""
    folder = paths.landing / "desk" / "calls"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def published_centre(tmp_path_factory: pytest.TempPathFactory) -> Paths:
    """The tiny centre, run once to the end. Copy it, do not change it."""
    project = tmp_path_factory.mktemp("centre")
    for name, text in FILES.items():
        file = project / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text.lstrip(), encoding="utf-8")
    paths = Paths(project=project, landing=project / "landing", warehouse=project / "warehouse")
    drop(paths, "one.csv", GOOD)
    pipeline.run(paths)
    return paths


@pytest.fixture
def centre(published_centre: Paths, tmp_path: Path, quick_gates: None) -> Paths:
    """A copy of the tiny centre, built and published."""
    project = tmp_path / "centre"
    shutil.copytree(published_centre.project, project)
    return Paths(project=project, landing=project / "landing", warehouse=project / "warehouse")


@pytest.fixture
def drop_calls(centre: Paths) -> Callable[[str, str], None]:
    """Drop one more export: its name, its text."""
    return lambda name, text: drop(centre, name, text)


class _SharedKeeper(Gatekeeper):
    """A gate process that outlives the pipeline runs which believe that they own it."""

    def close(self) -> None:
        """Stay."""

    def end(self) -> None:
        """Really close."""
        super().close()


@pytest.fixture(scope="session")
def shared_keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_SharedKeeper]:
    """One gate process for all tests: it takes seconds to start."""
    keeper = _SharedKeeper(tmp_path_factory.mktemp("logs") / "gates.log")
    yield keeper
    keeper.end()


@pytest.fixture
def quick_gates(shared_keeper: _SharedKeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the pipeline use the shared gate process."""
    monkeypatch.setattr(pipeline, "_gatekeeper", lambda paths: shared_keeper)
