"""Agents needed per 15 minutes x queue x channel; the formulas are vitals.decisions.staffing's."""


def model(dbt, session):
    """dbt calls it: the loads in, the needs out."""
    from vitals.decisions.staffing import needs

    return needs(dbt.ref("calc_staffing_loads__measured").df())
