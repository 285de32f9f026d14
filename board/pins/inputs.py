"""Inputs: a level counts once it was stable for the line's `debounce_ms`; the reported edge carries the time of its last bounce.

An input that stays active for longer than its stuck time is reported once (a welded contact, a car left on the loop), and once more
when it is released.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import BoardError
from board.kit.words import NOTHING, Text
from board.ports import Gpio
from board.types import BoardProfile, InputEdge, InputLine, InputState, LineWarning


@dataclass(slots=True)
class _Input:
    """An input while its bounces settle."""

    line: InputLine
    level: bool
    """The level that counts."""
    raw: bool
    changed_ns: int = 0
    settled_ns: int = 0
    """When `raw` will count; 0: nothing is going on."""
    active_since_ns: int = 0
    warning: LineWarning | None = None

    @property
    def active(self) -> bool:
        return self.level == self.line.active_high


class Inputs:
    """The claimed inputs of a board; called from one thread."""

    def __init__(
        self, profile: BoardProfile, gpio: Gpio, clock: Clock, tell: Callable[[InputEdge | LineWarning], None],
        stuck_after_s: Mapping[str, int],
    ) -> None:  # fmt: skip
        self._gpio = gpio
        self._clock = clock
        self._tell = tell
        self._stuck_after_s = stuck_after_s
        self._inputs: dict[int, _Input] = {}
        for line in profile.inputs:
            level = gpio.read(line.pin)
            self._inputs[line.pin] = _Input(line, level, level, active_since_ns=clock.monotonic_ns())

    def states(self) -> list[InputState]:
        """The present state of every input."""
        return [InputState(entry.line.name, entry.active) for entry in self._inputs.values()]

    def guards(self, name: str, unless_stuck: bool) -> bool:
        """Whether this input keeps an output off: it is active, or has just become so, bounce or not. `unless_stuck`: not once it
        is reported as stuck."""
        pin, entry = next((pin, entry) for pin, entry in self._inputs.items() if entry.line.name == name)
        if unless_stuck and entry.warning:
            return False
        return entry.active or self._level(pin, entry) == entry.line.active_high

    def warnings(self) -> list[LineWarning]:
        """Inputs that are stuck."""
        return [entry.warning for entry in self._inputs.values() if entry.warning]

    def set_stuck_after(self, stuck_after_s: Mapping[str, int]) -> None:
        """{input: s} from now on; an input that is not stuck any more by them is reported as released."""
        self._stuck_after_s = stuck_after_s
        for entry in self._inputs.values():
            stuck_ns = self._stuck_ns(entry)
            if entry.warning and (stuck_ns is None or stuck_ns > self._clock.monotonic_ns()):
                self._released(entry)

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
        """Reports the inputs that were stable long enough, and those that are stuck."""
        now_ns = self._clock.monotonic_ns()
        for pin, entry in self._inputs.items():
            self._judge(entry, now_ns)
            if not entry.settled_ns or entry.settled_ns > now_ns:
                continue
            level = self._gpio.read(pin)
            if level != entry.raw:  # an edge is still on its way to us, or was lost
                self.raw_edge(pin, level, now_ns)
                continue
            entry.settled_ns = 0
            if level != entry.level:
                entry.level = level
                entry.active_since_ns = entry.changed_ns
                self._tell(InputEdge(entry.line.name, entry.active, entry.changed_ns))
                if entry.warning and not entry.active:
                    self._released(entry)

    def next_ns(self) -> int | None:
        """When `settle_due` has something to do; None: nothing is going on."""
        due = [entry.settled_ns for entry in self._inputs.values() if entry.settled_ns]
        stuck = [self._stuck_ns(entry) for entry in self._inputs.values() if not entry.warning]
        return min([*due, *(time_ns for time_ns in stuck if time_ns is not None)], default=None)

    def _level(self, pin: int, entry: _Input) -> bool:
        try:
            return self._gpio.read(pin)
        except BoardError:  # of an expander that was pulled: what it said last counts
            return entry.raw

    def _stuck_ns(self, entry: _Input) -> int | None:
        seconds = self._stuck_after_s.get(entry.line.name, 0)
        return entry.active_since_ns + seconds * 1_000_000_000 if seconds and entry.active else None

    def _judge(self, entry: _Input, now_ns: int) -> None:
        stuck_ns = self._stuck_ns(entry)
        if entry.warning or stuck_ns is None or stuck_ns > now_ns:
            return
        seconds = self._stuck_after_s[entry.line.name]
        text = Text(
            "{line} has been active for more than {seconds} s: is its contact stuck, or a car on the loop?",
            {"line": entry.line.name, "seconds": seconds},
        )
        entry.warning = LineWarning(entry.line.name, text, now_ns)
        self._tell(entry.warning)

    def _released(self, entry: _Input) -> None:
        entry.warning = None
        self._tell(LineWarning(entry.line.name, NOTHING, self._clock.monotonic_ns()))
