"""Leaks: what a test of a server must not leave behind: threads, descriptors, sockets."""

from __future__ import annotations

import gc
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

WITHIN_S = 8.0
"""Closing goes on in threads for a moment after a test's last line."""


def opened() -> Counter[str]:
    """{what a descriptor of this process leads to: how many}; sockets and pipes without their numbers."""
    found: Counter[str] = Counter()
    for number in Path("/proc/self/fd").iterdir():
        try:
            target = str(number.readlink())
        except OSError:
            continue  # the listing's own
        found[target.partition(":")[0] if ":" in target else target] += 1
    return found


@contextmanager
def watched() -> Iterator[None]:
    """Fails a test after which threads or descriptors are there that were not there before it."""
    threads, before = set(threading.enumerate()), opened()
    yield
    until = time.monotonic() + WITHIN_S
    while True:
        new_threads = sorted(thread.name for thread in set(threading.enumerate()) - threads)
        new_open = opened() - before
        if not new_threads and not new_open:
            return
        gc.collect()  # what only waits for the collector is no leak
        if time.monotonic() > until:
            pytest.fail(f"left behind: threads {new_threads}, descriptors {dict(new_open)}")
        time.sleep(0.05)
