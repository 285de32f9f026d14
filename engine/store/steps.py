"""Steps: long work on the database in transactions so short that a car's passage does not notice them, with rests between."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

STEP_S = 0.0015
"""About how long a transaction may take."""

REST = 2.0
"""After a step the database is left alone for this many times the step's duration."""

FEWEST, FIRST, MOST = 10, 50, 500
"""Rows of a step."""


class Steps:
    """`most`: how many rows the next step may take, found from how long those before it took, on whatever machine and card. `rest`:
    as REST, for work that somebody waits for or that pauses by itself; `fewest`, `first`: as FEWEST and FIRST, for rows that take
    long each."""

    def __init__(self, rest: float = REST, fewest: int = FEWEST, first: int = FIRST) -> None:
        self.most = first
        self._rest = rest
        self._fewest = fewest

    @contextmanager
    def step(self) -> Iterator[int]:
        """Around one transaction; gives `most`."""
        begun = time.monotonic()
        yield self.most
        took_s = time.monotonic() - begun
        self.most = max(self._fewest, min(MOST, round(self.most * max(0.5, min(1.5, STEP_S / max(took_s, 1e-6))))))
        time.sleep(min(took_s * self._rest, 0.5))
