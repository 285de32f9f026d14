"""A loop without sockets and threads, whose timers go off when a test turns its clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from board.kit.clock import TestClock


class TurnedLoop:
    """What of Loop (board/kit/loop.py) needs no socket."""

    def __init__(self, clock: TestClock) -> None:
        self.clock = clock
        self.timers: list[tuple[int, Callable[[], None]]] = []

    def after(self, seconds: float, then: Callable[[], None]) -> None:
        self.timers.append((self.clock.monotonic_ns() + round(seconds * 1e9), then))

    def call(self, then: Callable[[], None]) -> None:
        then()

    def watch(self, sock: Any, events: int, ready: Callable[[int], None]) -> None:
        raise AssertionError("this loop has no sockets")

    def advance(self, seconds: float) -> None:
        """Turns the clock; timers go off in their order, each at its time."""
        end_ns = self.clock.monotonic_ns() + round(seconds * 1e9)
        while due := [each for each in self.timers if each[0] <= end_ns]:
            first = min(due, key=lambda each: each[0])
            self.timers.remove(first)
            self.clock.advance(max(0, first[0] - self.clock.monotonic_ns()) / 1e9)
            first[1]()
        self.clock.advance((end_ns - self.clock.monotonic_ns()) / 1e9)
