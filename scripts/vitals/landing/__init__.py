"""Landing: files dropped into `landing/<platform>/<stream>/` become raw Parquet: text, with its origin."""

from vitals.landing.identifiers import make_salt
from vitals.landing.lock import pipeline_lock
from vitals.landing.run import FileOutcome, LandingReport, land
from vitals.landing.store import write_run
from vitals.landing.survey import UnknownFolder

__all__ = ["FileOutcome", "LandingReport", "UnknownFolder", "land", "make_salt", "pipeline_lock", "write_run"]
