"""The running day of a simulated centre equals what the simulator knows of it, exactly."""

from centre import Centre
from truths import differences, plain, truth

KEY = ("interval_start_at", "client", "site", "queue", "channel", "contact_type", "is_carried_over")


def test_every_quarter_of_an_hour_of_the_running_day_equals_the_truth(centre: Centre) -> None:
    rows = truth(centre, "rpt_realtime.csv")
    columns = [name for name in rows[0] if name not in KEY]
    expected = {tuple(row[name] for name in KEY): tuple(plain(row[name]) for name in columns) for row in rows}
    selected = ", ".join((*KEY, *columns)).replace(
        "interval_start_at", "strftime(interval_start_at, '%Y-%m-%dT%H:%M:%SZ')"
    )
    actual = {
        tuple(str(value).lower() if isinstance(value, bool) else value for value in row[: len(KEY)]): tuple(
            map(plain, row[len(KEY) :])
        )
        for row in centre.published(f"select {selected} from marts.rpt_realtime")
    }
    assert differences(expected, actual) == []
    for site in ("lyon", "sofia"):
        assert sum(int(row["contacts_count"]) for row in rows if row["site"] == site) > 0, site
        assert sum(int(row["previous_day_contacts_count"]) for row in rows if row["site"] == site) > 0, site
    assert any(int(row["waiting_count"]) for row in rows), "nobody waits"
    assert any(int(row["in_progress_count"]) for row in rows if row["channel"] != "email"), "nobody talks"
    assert any(row["is_carried_over"] == "true" for row in rows), "nothing goes on from earlier days"


def test_what_agents_do_now_equals_the_truth(centre: Centre) -> None:
    rows = truth(centre, "rpt_realtime_agents.csv")
    expected = {
        (row["site"], row["team"], row["state"]): (row["agents_count"], plain(row["longest_seconds"]))
        for row in rows
    }
    actual = {
        row[:3]: (str(row[3]), plain(row[4]))
        for row in centre.published(
            "select site, team, state, agents_count, longest_seconds from marts.rpt_realtime_agents"
        )
    }
    assert differences(expected, actual) == []
    assert {state for _, _, state in expected} >= {"on_contact", "available"}


def test_the_running_day_adds_up_to_what_the_other_marts_know_of_it(centre: Centre) -> None:
    (today,) = centre.published(
        "select sum(contacts_count), sum(offered_count), sum(answered_wait_seconds) from marts.rpt_realtime"
    )
    (daily,) = centre.published(
        "select sum(contacts_count), sum(offered_count), sum(answered_wait_seconds)"
        " from marts.agg_contacts_daily where not is_final"
    )
    assert today == daily
