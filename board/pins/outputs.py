"""Outputs: what each digital output is doing and until when; pure rules, the time comes from the caller.

An output is on while a pulse or a pattern runs or a client holds it. Pulses that overlap last to the later end, without a gap, and
never shorten each other; a new pattern takes the place of the one that runs. `Level` inactive means off now: it ends everything; it
is not a lock, a later request acts. A client that goes takes its holds along; pulses and patterns run to their end.

Three rules stand above every request: of the outputs of an interlock group one at a time is on (a pattern counts as on from its
first to its last pulse), an output with a longest time is off after that time, and an output with a guard is not switched on while
the guard's input is active (board.types.Guard). A guard that keeps what is held stands above the longest time too: no barrier comes
down on the vehicle below it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import BoardError
from board.kit.words import NOTHING, Text
from board.line_rules import Rules
from board.ports import Gpio
from board.types import ENDS, KEEPS, BoardProfile, Guard, LineWarning, OutputState

MS = 1_000_000


@dataclass(frozen=True, slots=True)
class _Pattern:
    """Planned from its beginning on, so that a late turn of the loop moves nothing that follows."""

    began_ns: int
    on_ns: int
    period_ns: int
    repeats: int

    @property
    def end_ns(self) -> int:
        return self.began_ns + (self.repeats - 1) * self.period_ns + self.on_ns

    def is_on(self, now_ns: int) -> bool:
        return now_ns < self.end_ns and (now_ns - self.began_ns) % self.period_ns < self.on_ns

    def next_ns(self, now_ns: int) -> int:
        """The next change after `now_ns`, which is before the end."""
        passed = (now_ns - self.began_ns) % self.period_ns
        return now_ns - passed + (self.on_ns if passed < self.on_ns else self.period_ns)


@dataclass(slots=True)
class _Output:
    """An output, its level, and who asked for that."""

    name: str
    pin: int
    active_high: bool
    active: bool = False
    pulse_until_ns: int = 0
    pattern: _Pattern | None = None
    holders: dict[int, str] = field(default_factory=dict)
    """{client: id of the request}"""
    kept: bool = False
    """Nobody holds it any more; it stays on until its guard's input is at rest."""
    busy_since_ns: int = 0
    """When the first of what runs now began; 0: nothing runs."""

    @property
    def busy(self) -> bool:
        return bool(self.pulse_until_ns or self.pattern or self.holders or self.kept)

    def forget(self) -> None:
        self.holders.clear()
        self.kept = False
        self.pulse_until_ns = 0
        self.pattern = None


class Outputs:
    """The claimed outputs of a board. Errors are BoardError (unknown output, interlock, guard, chip refuses).

    `tell` gets OutputState on every change, and LineWarning when an output reached its longest time and when it is used again.
    `arm(0)` is called before a line goes to its active level, and `arm(ns)` once it is there, if it is to leave it at a known time:
    from then on a hang must end pins. `on_guard(guard)`: whether its input keeps the output off now."""

    def __init__(
        self, profile: BoardProfile, gpio: Gpio, polarity: dict[str, bool], clock: Clock,
        tell: Callable[[OutputState | LineWarning], None], rules: Rules, arm: Callable[[int], None],
        on_guard: Callable[[Guard], bool] = lambda guard: False,
    ) -> None:  # fmt: skip
        self._gpio = gpio
        self._clock = clock
        self._tell = tell
        self._rules = rules
        self._arm = arm
        self._on_guard = on_guard
        self._outputs = {line.name: _Output(line.name, line.pin, polarity[line.name]) for line in profile.outputs}
        self._warnings: dict[str, LineWarning] = {}

    def states(self) -> list[OutputState]:
        """The present state of every output."""
        now_ns = self._clock.monotonic_ns()
        return [OutputState(output.name, output.active, now_ns) for output in self._outputs.values()]

    def warnings(self) -> list[LineWarning]:
        """Outputs that reached their longest time and were not used since."""
        return list(self._warnings.values())

    def polarity(self) -> dict[str, bool]:
        """{output: active high}."""
        return {output.name: output.active_high for output in self._outputs.values()}

    def check(self, name: str) -> None:
        """BoardError when there is no such output."""
        self._find(name)

    def pulse(self, name: str, duration_ms: int) -> tuple[int, Text]:
        """(time of the pulse's beginning, note)."""
        output = self._allowed(name)
        note = _already_active(name) if output.active else NOTHING
        now_ns = self._drive(output, True, duration_ms * MS)
        output.pulse_until_ns = max(output.pulse_until_ns, now_ns + duration_ms * MS)
        self._began(output, now_ns)
        return now_ns, note

    def play(self, name: str, on_ms: int, off_ms: int, repeats: int) -> tuple[int, Text]:
        """Begins a pattern: (time of its beginning, note)."""
        output = self._allowed(name)
        note = _already_active(name) if output.active else NOTHING
        if output.pattern:
            note = Text("{output} ended its earlier pattern", {"output": name})
        now_ns = self._drive(output, True, on_ms * MS)
        output.pattern = _Pattern(now_ns, on_ms * MS, (on_ms + off_ms) * MS, repeats)
        self._began(output, now_ns)
        return now_ns, note

    def hold(self, name: str, client: int, request: str) -> int:
        """Active until `client` goes or somebody switches it off; returns the time."""
        output = self._allowed(name)
        now_ns = self._drive(output, True)
        output.holders[client] = request
        self._began(output, now_ns)
        return now_ns

    def release(self, name: str) -> tuple[int, Text]:
        """Inactive as soon as no guard keeps it: (time, note)."""
        output = self._find(name)
        guard = self._keeper(output)
        if guard is None:
            return self.switch_off(name), NOTHING
        output.forget()
        output.kept = True
        values = {"output": name, "input": guard.input}
        return self._clock.monotonic_ns(), Text("{output} goes off once {input} is at rest", values)

    def switch_off(self, name: str) -> int:
        """Inactive now, whatever ran; returns the time."""
        output = self._find(name)
        output.forget()
        output.busy_since_ns = 0
        return self._drive(output, False)

    def client_gone(self, client: int) -> list[str]:
        """Ends the client's holds; returns the ids of their requests."""
        ended = []
        for output in self._outputs.values():
            keeper = self._keeper(output) if client in output.holders else None
            request = output.holders.pop(client, None)
            if request is not None:
                ended.append(request)
                output.kept = keeper is not None and not output.holders
                self._settle(output)
        return ended

    def obey_guards(self) -> None:
        """Does what inputs that have changed ask for: ends what a guard ends, lets go what it kept."""
        for guard in self._rules.guards:
            output = self._outputs[guard.output]
            if guard.does == ENDS and output.busy and self._on_guard(guard):
                self.switch_off(output.name)
                values = {"output": output.name, "input": guard.input}
                self._warn(output.name, Text("{output} was switched off: {input} is active", values))
        for output in self._outputs.values():
            if output.kept and self._keeper(output) is None:
                output.kept = False
                self._settle(output)

    def end_due(self) -> None:
        """Does what is due: ends pulses and patterns, turns patterns, ends what reached its longest time or is on for nobody."""
        now_ns = self._clock.monotonic_ns()
        for output in self._outputs.values():
            astray = output.active and not output.busy  # the line did not obey when it was switched off
            if output.pulse_until_ns or output.pattern or astray:
                try:
                    self._settle(output)
                except BoardError as why:
                    if output.active:
                        raise  # it stays on: pins must end, so that its guardian makes the board safe
                    self._give_up(output, why)
            limit_ns = self._limit_ns(output)
            if limit_ns is not None and limit_ns <= now_ns and self._keeper(output) is None:
                self._cut(output)

    def next_ns(self) -> int | None:
        """When `end_due` has something to do; None: nothing runs."""
        now_ns = self._clock.monotonic_ns()
        due = [time_ns for output in self._outputs.values() for time_ns in self._times_ns(output, now_ns)]
        return min(due, default=None)

    def busy(self) -> bool:
        """Some output is on, or will be again by itself."""
        return any(output.busy for output in self._outputs.values())

    def set_polarity(self, name: str, active_high: bool) -> int:
        """The level that means active, from now on; an active output stays active. Returns the time."""
        output = self._find(name)
        output.active_high = active_high
        self._gpio.write(output.pin, output.active == active_high)
        return self._clock.monotonic_ns()

    def set_rules(self, rules: Rules) -> int:
        """The rules from now on. Outputs that are on together though the new ones forbid it are switched off. Returns the time."""
        self._rules = rules
        for group in rules.interlocks:
            on = [name for name in group if self._outputs[name].busy]
            if len(on) > 1:
                for name in on:
                    self.switch_off(name)
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

    def rest_but_for_pulses(self, until_ns: int) -> None:
        """Off is what holds or plays, and each pulse that ends after `until_ns`. BoardError: an output cannot be driven."""
        for name, output in self._outputs.items():
            if not (output.active and output.pulse_until_ns and output.pulse_until_ns <= until_ns) or output.pattern:
                self.switch_off(name)
            else:
                output.holders.clear()
                output.kept = False

    def _find(self, name: str) -> _Output:
        if name not in self._outputs:
            raise BoardError("there is no output {name!r}; this board has {outputs}", name=name, outputs=tuple(self._outputs))
        return self._outputs[name]

    def _allowed(self, name: str) -> _Output:
        """The output, which may be switched on now."""
        output = self._find(name)
        self.end_due()  # what is over is not in the way
        for group in self._rules.interlocks:
            other = next((each for each in group if each != name and self._outputs[each].busy), "") if name in group else ""
            if other:
                raise BoardError("{name} stays off: it is interlocked with {other}, which is on", name=name, other=other)
        for guard in self._rules.guards:
            if guard.output == name and self._on_guard(guard):
                raise BoardError("{name} is not switched on: {input} is active", name=name, input=guard.input)
        return output

    def _keeper(self, output: _Output) -> Guard | None:
        """The guard that keeps it on now: of what is held (or was, and is kept), never of a pulse, which ends by itself."""
        if not (output.active and (output.holders or output.kept)):
            return None
        mine = (guard for guard in self._rules.guards if guard.output == output.name and guard.does == KEEPS)
        return next((guard for guard in mine if self._on_guard(guard)), None)

    def _began(self, output: _Output, now_ns: int) -> None:
        output.busy_since_ns = output.busy_since_ns or now_ns
        if self._warnings.pop(output.name, None):
            self._tell(LineWarning(output.name, NOTHING, now_ns))

    def _limit_ns(self, output: _Output) -> int | None:
        max_on_s = self._rules.max_on_s.get(output.name, 0)
        return output.busy_since_ns + max_on_s * 1_000_000_000 if max_on_s and output.busy_since_ns else None

    def _times_ns(self, output: _Output, now_ns: int) -> list[int]:
        pattern = output.pattern
        turn_ns = None if pattern is None else min(pattern.next_ns(now_ns), pattern.end_ns)
        limit_ns = None if self._keeper(output) else self._limit_ns(output)
        return [time_ns for time_ns in (output.pulse_until_ns, turn_ns, limit_ns) if time_ns]

    def _cut(self, output: _Output) -> None:
        self.switch_off(output.name)
        values = {"output": output.name, "seconds": self._rules.max_on_s[output.name]}
        self._warn(output.name, Text("{output} was switched off: it had been on for {seconds} s, its longest time", values))

    def _give_up(self, output: _Output, why: BoardError) -> None:
        """A pattern's next pulse could not begin, as on an expander that was pulled: the pattern ends, the others go on."""
        output.forget()
        output.busy_since_ns = 0
        self._warn(output.name, Text("{output}: its pattern ended: {why}", {"output": output.name, "why": why.text}))

    def _warn(self, name: str, text: Text) -> None:
        warning = self._warnings[name] = LineWarning(name, text, self._clock.monotonic_ns())
        self._tell(warning)

    def _settle(self, output: _Output) -> None:
        now_ns = self._clock.monotonic_ns()
        if output.pulse_until_ns <= now_ns:
            output.pulse_until_ns = 0
        if output.pattern is not None and output.pattern.end_ns <= now_ns:
            output.pattern = None
        on = bool(output.holders or output.kept or output.pulse_until_ns or (output.pattern and output.pattern.is_on(now_ns)))
        if not output.busy:
            output.busy_since_ns = 0
        self._drive(output, on, min(self._times_ns(output, now_ns), default=now_ns) - now_ns)

    def _drive(self, output: _Output, active: bool, for_ns: int = 0) -> int:
        """`for_ns`: how long it is to be active, if that is known."""
        if output.active == active:
            return self._clock.monotonic_ns()
        if active:
            self._arm(0)
        self._gpio.write(output.pin, active == output.active_high)
        now_ns = self._clock.monotonic_ns()
        if active and for_ns:
            self._arm(now_ns + for_ns)
        output.active = active
        self._tell(OutputState(output.name, active, now_ns))
        return now_ns


def _already_active(output: str) -> Text:
    return Text("{output} was active already", {"output": output})
