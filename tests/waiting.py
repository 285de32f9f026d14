"""Waiting: for what another thread or process does, asked again and again; a machine under load gets its time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

import pytest

T = TypeVar("T")


def until(get: Callable[[], T | None], what: str = "what the test waits for", within_s: float = 20.0) -> T:
    """The first true value of `get`, asked every 10 ms, and more rarely the longer it takes, at least every 50 ms: to ask costs
    those time who are waited for. Fails the test with `what` when the time is over.

    What is not there yet, or half written (a file, a server, a process that starts), counts as not yet; the last such error is
    told with the failure."""
    began = time.monotonic()
    while True:
        not_yet: Exception | None = None
        try:
            found = get()
        except (OSError, LookupError, ValueError) as error:
            found, not_yet = None, error
        if found:
            return found
        waited_s = time.monotonic() - began
        if waited_s > within_s:
            pytest.fail(f"{what} did not happen within {within_s:g} s" + (f": {not_yet!r}" if not_yet else ""))
        time.sleep(min(max(0.01, waited_s / 20), 0.05))
