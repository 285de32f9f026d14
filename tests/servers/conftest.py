"""What holds for every test of a server: it leaves no thread, descriptor or socket behind."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _leak_free(leak_free: None) -> None:
    """For all tests of this folder."""
