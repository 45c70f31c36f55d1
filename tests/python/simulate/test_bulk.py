"""The simulator at volume: deterministic, of the size asked for, and fit for the pipeline."""

import hashlib
from datetime import date
from pathlib import Path

import duckdb
import pytest

from centre import PROJECT
from vitals import pipeline
from vitals.errors import VitalsError
from vitals.paths import Paths
from vitals.simulate.bulk import BulkReport, simulate_bulk

START = date(2026, 10, 5)


def written(out: Path, contacts: int, days: int, seed: int = 7, further: int | None = None) -> BulkReport:
    return simulate_bulk(out, PROJECT / "seeds", contacts, days, seed, START, further)


def digests(out: Path) -> dict[str, str]:
    return {
        file.relative_to(out).as_posix(): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(out.rglob("*.parquet"))
    }


def test_same_arguments_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        written(tmp_path / name, 2000, 9, seed)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")
    contacts = "amazon_connect/contact_records/contact_records-2026-10-05-to-2026-10-11.parquet"
    assert digests(tmp_path / "a")[contacts] != digests(tmp_path / "c")[contacts]


def test_volumes_and_proportions(tmp_path: Path) -> None:
    report = written(tmp_path, 20_000, 28)
    assert report.contacts == pytest.approx(20_000, rel=0.05)
    assert set(report.rows) >= {
        "amazon_connect/contact_records",
        "amazon_connect/agent_events",
        "asterisk/queue_log",
        "zendesk/tickets",
        "template/contacts",
        "template/agent_states",
        "template/survey_responses",
        "template/operating_costs",
    }
    assert report.files == len(digests(tmp_path))
    records = f"from '{tmp_path}/amazon_connect/contact_records/*.parquet' where InitialContactId is null"
    ids, numbers, anonymous = duckdb.sql(
        "select count(distinct ContactId), count(distinct CustomerEndpoint),"
        f" count(distinct ContactId) filter (where CustomerEndpoint like '%anonymous%') {records}"
    ).fetchall()[0]
    assert 1.1 < ids / numbers < 3, "customers come back"
    assert anonymous / ids == pytest.approx(0.04, abs=0.01)
    assert ids == pytest.approx(20_000 * 59 / 93, rel=0.06), "each lane has its share"


def test_nobody_on_the_telephone_talks_to_two_at_once(tmp_path: Path) -> None:
    written(tmp_path, 20_000, 7)
    overlaps = duckdb.sql(
        f"""
        with turns as (
            select distinct
                agent ->> 'Username' as agent,
                (agent ->> 'ConnectedToAgentTimestamp')::timestamptz as begun,
                (agent ->> 'AfterContactWorkEndTimestamp')::timestamptz as done
            from (select Agent::json as agent from '{tmp_path}/amazon_connect/contact_records/*.parquet')
            where (agent ->> 'AfterContactWorkEndTimestamp') is not null
        )
        select count(*)
        from (select *, lag(done) over (partition by agent order by begun) as before from turns)
        where begun < before
        """
    ).fetchall()
    assert overlaps == [(0,)]


def test_a_further_day_stands_beside_the_days_before(tmp_path: Path) -> None:
    written(tmp_path, 3000, 9)
    before = digests(tmp_path)
    report = written(tmp_path, 3000, 9, further=1000)
    assert report.contacts == pytest.approx(1000, abs=10)
    after = digests(tmp_path)
    assert {name: after[name] for name in before} == before
    records = f"from '{tmp_path}/amazon_connect/contact_records/*.parquet'"
    day, unique, count = duckdb.sql(
        "set TimeZone = 'UTC'; select max(InitiationTimestamp)::date,"
        f" count(distinct (ContactId, LastUpdateTimestamp)), count(distinct ContactId) {records}"
    ).fetchall()[0]
    assert day >= date(2026, 10, 14)
    assert unique >= count > 1000


def test_senseless_sizes_are_refused(tmp_path: Path) -> None:
    for contacts, days, further in ((0, 1, None), (1, 0, None), (1, 1, 0)):
        with pytest.raises(VitalsError, match="Cannot simulate"):
            written(tmp_path, contacts, days, further=further)


def assert_equal_by_hand(paths: Paths) -> None:
    """The marts hold what the benchmarks' hand-written SQL makes of the same exports."""
    benchmarks = PROJECT / "benchmarks"
    with duckdb.connect() as connection:
        connection.execute("set variable landing = ?", [str(paths.landing)])
        connection.execute("set variable seeds = ?", [str(PROJECT / "seeds")])
        connection.execute((benchmarks / "floor.sql").read_text(encoding="utf-8"))
        connection.execute((benchmarks / "core.sql").read_text(encoding="utf-8"))
        connection.execute(f"attach '{paths.published_db}' as built (read_only)")
        cell = (
            "kpi_id, day, client, site, queue, channel, contact_type, numerator::decimal(18, 3), denominator"
        )
        hand = f"select {cell} from kpis"
        mart = f"select {cell} from built.marts.kpi_values where kpi_id in (select kpi_id from kpis)"
        assert (
            connection.sql(f"({hand} except all {mart}) union all ({mart} except all {hand})").fetchall()
            == []
        )
        assert connection.sql("select count(*) > 1000 from kpis").fetchone() == (True,)


@pytest.mark.slow
def test_the_pipeline_takes_it_and_one_more_day_without_a_refused_file(tmp_path: Path) -> None:
    paths = Paths(PROJECT, tmp_path / "landing", tmp_path / "warehouse")
    contacts = written(paths.landing, 3000, 20).contacts
    first = pipeline.run(paths)
    assert not first.landing.with_status("refused")
    assert first.landing.rows_quarantined == 0
    contacts += written(paths.landing, 3000, 20, further=150).contacts
    second = pipeline.run(paths)
    assert second.landing.rows_landed > 0
    assert len(second.landing.with_status("known")) == len(first.landing.files)
    with duckdb.connect(str(paths.published_db), read_only=True) as connection:
        found = connection.sql("select count(*) from marts.fct_contacts").fetchone()
        unmapped = connection.sql("select count(*) from quality.rpt_quality_unmapped").fetchone()
        quarantined = connection.sql(
            "select sum(staging_quarantined_count) from quality.rpt_quality_landing"
        ).fetchone()
    assert found == (contacts,)
    assert_equal_by_hand(paths)
    assert unmapped == (0,)
    assert quarantined == (0,)
