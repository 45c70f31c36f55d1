"""How each queue is forecast, and how far off that would have been; see vitals.decisions.forecast."""


def model(dbt, session):
    """dbt calls it: what came in, a row per queue out."""
    from vitals.decisions.volumes import backtests

    return backtests(dbt.ref("calc_volume_history__counted").df())
