"""Outputs: what each digital output is doing and until when; pure rules, the time comes from the caller.

An output is active while a pulse runs or a client holds it. Pulses that overlap last to the later end, without a gap, and never
shorten each other. `Level` inactive means off now: it ends the pulse and every hold; it is no lock, a later request acts.
A client that goes takes its holds along; pulses run to their end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from board.kit.clock import Clock
from board.kit.errors import BoardError
from board.ports import Gpio
from board.types import BoardProfile, OutputState


@dataclass(slots=True)
class _Output:
    name: str
    pin: int
    active_high: bool
    active: bool = False
    pulse_until_ns: int = 0
    holders: dict[int, str] = field(default_factory=dict)
    """{client: id of the request}"""


class Outputs:
    """The claimed outputs of a board. Errors are BoardError (unknown output, chip refuses)."""

    def __init__(
        self, profile: BoardProfile, gpio: Gpio, polarity: dict[str, bool], clock: Clock, on_change: Callable[[OutputState], None]
    ) -> None:
        self._gpio = gpio
        self._clock = clock
        self._on_change = on_change
        self._outputs = {line.name: _Output(line.name, line.pin, polarity[line.name]) for line in profile.outputs}

    def states(self) -> list[OutputState]:
        """The present state of every output."""
        now_ns = self._clock.monotonic_ns()
        return [OutputState(output.name, output.active, now_ns) for output in self._outputs.values()]

    def polarity(self) -> dict[str, bool]:
        """{output: active high}."""
        return {output.name: output.active_high for output in self._outputs.values()}

    def check(self, name: str) -> None:
        """BoardError when there is no such output."""
        self._find(name)

    def pulse(self, name: str, duration_ms: int) -> tuple[int, str]:
        """(time of the pulse's beginning, note)."""
        output = self._find(name)
        note = f"{name} was active already" if output.active else ""
        now_ns = self._drive(output, True)
        output.pulse_until_ns = max(output.pulse_until_ns, now_ns + duration_ms * 1_000_000)
        return now_ns, note

    def hold(self, name: str, client: int, request: str) -> int:
        """Active until `client` goes or somebody switches it off; returns the time."""
        output = self._find(name)
        output.holders[client] = request
        return self._drive(output, True)

    def switch_off(self, name: str) -> int:
        """Inactive now, whatever ran; returns the time."""
        output = self._find(name)
        output.holders.clear()
        output.pulse_until_ns = 0
        return self._drive(output, False)

    def client_gone(self, client: int) -> list[str]:
        """Ends the client's holds; returns the ids of their requests."""
        ended = []
        for output in self._outputs.values():
            request = output.holders.pop(client, None)
            if request is not None:
                ended.append(request)
                self._settle(output)
        return ended

    def end_due(self) -> None:
        """Ends the pulses whose time is over."""
        now_ns = self._clock.monotonic_ns()
        for output in self._outputs.values():
            if output.pulse_until_ns and output.pulse_until_ns <= now_ns:
                output.pulse_until_ns = 0
                self._settle(output)

    def next_ns(self) -> int | None:
        """When `end_due` has something to do; None: nothing runs."""
        return min((output.pulse_until_ns for output in self._outputs.values() if output.pulse_until_ns), default=None)

    def set_polarity(self, name: str, active_high: bool) -> int:
        """The level that means active, from now on; an active output stays active. Returns the time."""
        output = self._find(name)
        output.active_high = active_high
        self._gpio.write(output.pin, output.active == active_high)
        return self._clock.monotonic_ns()

    def rest(self) -> None:
        """Everything off, for the end of the process: tries every output, then raises the first error."""
        errors = []
        for name in self._outputs:
            try:
                self.switch_off(name)
            except BoardError as why:
                errors.append(why)
        if errors:
            raise errors[0]

    def _find(self, name: str) -> _Output:
        if name not in self._outputs:
            raise BoardError(f"there is no output {name!r}; this board has {', '.join(self._outputs) or 'none'}")
        return self._outputs[name]

    def _settle(self, output: _Output) -> None:
        if not output.holders and not output.pulse_until_ns:
            self._drive(output, False)

    def _drive(self, output: _Output, active: bool) -> int:
        if output.active == active:
            return self._clock.monotonic_ns()
        self._gpio.write(output.pin, active == output.active_high)
        now_ns = self._clock.monotonic_ns()
        output.active = active
        self._on_change(OutputState(output.name, active, now_ns))
        return now_ns
