"""Fixtures of the portal's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.webui.portal_caller import Caller


@pytest.fixture
def caller(tmp_path: Path) -> Iterator[Caller]:
    """A portal after its first access."""
    made = Caller(tmp_path)
    yield made
    made.close()


@pytest.fixture
def fresh_caller(tmp_path: Path) -> Iterator[Caller]:
    """A portal on its first day."""
    made = Caller(tmp_path, fresh=True)
    yield made
    made.close()
