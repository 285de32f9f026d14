"""Inputs: a level counts once it stood still for the line's `debounce_ms`; the reported edge carries the time of its first edge."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from board.kit.clock import Clock
from board.ports import Gpio
from board.types import BoardProfile, InputEdge, InputLine, InputState


@dataclass(slots=True)
class _Input:
    line: InputLine
    level: bool
    """The level that counts."""
    raw: bool
    changed_ns: int = 0
    settled_ns: int = 0
    """When `raw` will count; 0: nothing is going on."""


class Inputs:
    """The claimed inputs of a board; called from one thread."""

    def __init__(self, profile: BoardProfile, gpio: Gpio, clock: Clock, on_edge: Callable[[InputEdge], None]) -> None:
        self._gpio = gpio
        self._clock = clock
        self._on_edge = on_edge
        self._inputs: dict[int, _Input] = {}
        for line in profile.inputs:
            level = gpio.read(line.pin)
            self._inputs[line.pin] = _Input(line, level, level)

    def states(self) -> list[InputState]:
        """The present state of every input."""
        return [InputState(entry.line.name, entry.level == entry.line.active_high) for entry in self._inputs.values()]

    def raw_edge(self, pin: int, level: bool, t_ns: int) -> None:
        """An edge that the chip reported."""
        entry = self._inputs[pin]
        entry.raw = level
        entry.changed_ns = t_ns
        entry.settled_ns = t_ns + entry.line.debounce_ms * 1_000_000

    def resync(self) -> None:
        """Reads every quiet input, for the case that an edge was lost."""
        for pin, entry in self._inputs.items():
            if not entry.settled_ns and self._gpio.read(pin) != entry.level:
                self.raw_edge(pin, not entry.level, self._clock.monotonic_ns())

    def settle_due(self) -> None:
        """Reports the inputs that stood still long enough."""
        now_ns = self._clock.monotonic_ns()
        for pin, entry in self._inputs.items():
            if not entry.settled_ns or entry.settled_ns > now_ns:
                continue
            level = self._gpio.read(pin)
            if level != entry.raw:  # an edge is still on its way to us, or was lost
                self.raw_edge(pin, level, now_ns)
                continue
            entry.settled_ns = 0
            if level != entry.level:
                entry.level = level
                self._on_edge(InputEdge(entry.line.name, level == entry.line.active_high, entry.changed_ns))

    def next_ns(self) -> int | None:
        """When `settle_due` has something to do; None: nothing is going on."""
        return min((entry.settled_ns for entry in self._inputs.values() if entry.settled_ns), default=None)
