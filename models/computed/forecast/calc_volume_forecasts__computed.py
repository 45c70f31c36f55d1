"""Expected contacts per 15 minutes x queue x channel; the model is vitals.decisions.forecast's."""


def model(dbt, session):
    """dbt calls it: what came in, what is to come out."""
    from vitals.decisions.volumes import forecasts

    return forecasts(dbt.ref("calc_volume_history__counted").df())
