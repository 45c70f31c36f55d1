"""Fixtures of the landing's tests."""

from pathlib import Path

import pytest
from desk import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """An empty landing and warehouse, with a known salt."""
    monkeypatch.setenv("VITALS_SALT", "pepper")
    return Desk(tmp_path)
