"""Fetching: what a platform offers over the net becomes files in `landing/<platform>/<stream>/`."""

from vitals.fetch.job import Outcome, Window
from vitals.fetch.run import PLATFORMS, FetchFailed, fetch

__all__ = ["PLATFORMS", "FetchFailed", "Outcome", "Window", "fetch"]
