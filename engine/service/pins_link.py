"""Pins link: the service's connection to the pins process: requests with answers, line states, polarity, reconnection."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import DeliveryError, GatewrightError, WireError
from board.kit.wire import Channel, Codec, connect
from board.kit.words import NOTHING, Text, mark
from board.types import (
    PINS_MESSAGES,
    InputEdge,
    InputState,
    LineRules,
    LineWarning,
    OutputPolarity,
    OutputState,
    PinsDone,
    PinsRefused,
    PinsTaken,
    SendWiegand,
    TakeBack,
    WatchPins,
    WiegandSent,
)  # fmt: skip
from engine.actions._kind import PinsRequest, Settle
from engine.messages import LineState
from engine.types import WiegandFrame

log = logging.getLogger("pins")

AGAIN_S = 0.2
"""Pause before the next attempt to connect."""

POLARITY_TIMEOUT_S = 3.0

LATE_S = 3.0
"""An accepted request is done at most this long after it was due, or pins hangs."""

LONGEST_FRAMES_S = 60.0
"""Accepted frames begin within 10 s, or pins refuses them; 5 of them, 5 s apart and each sent twice, take 40 s at most."""

KNOWN_ENDS = 256
"""Accepted requests whose end nobody has asked for yet (a TEST does not)."""

AWAY = mark("the pins process went away before it answered")

RULES = "rules"
"""Prefix of the ids of LineRules, whose refusal is a warning."""
PART = f"{RULES}-part"
"""Of those without what pins has refused."""


class Refusal(DeliveryError):
    """pins has answered, and does not do it."""


@dataclass(slots=True)
class _Waiting:
    """A request that pins has not answered; whoever made it waits."""

    late_s: float
    answered: threading.Event = field(default_factory=threading.Event)
    answer: PinsDone | PinsRefused | PinsTaken | None = None


@dataclass(slots=True)
class _Taken:
    """What pins has accepted: all of `settles` get its end, or `end` waits for somebody to settle."""

    late_ns: int
    end: PinsDone | DeliveryError | None = None
    settles: list[Settle] = field(default_factory=list)


class PinsLink:
    """`on_edge` and `on_frame` are called from the link's thread for every input edge and every Wiegand frame that was sent,
    `on_line` for every line that is seen for the first time or has changed, `on_warning` with what is wrong with a line (NOTHING:
    that is over), `on_all_told` when every line that this board has is known.
    `rules` and `polarities` ({output: active high}) are asked and sent before anything else on every new connection.
    `before`: {input: whether it was active} as an earlier process knew them. An input that changed while pins or this process was
    away has its edge with the next connection: a car that drove onto an exit loop meanwhile stands there."""

    def __init__(
        self, socket: Path, clock: Clock, on_edge: Callable[[InputEdge], None], on_frame: Callable[[WiegandSent], None],
        rules: Callable[[], LineRules | None], polarities: Callable[[], Mapping[str, bool]],
        on_line: Callable[[LineState], None] = lambda line: None,
        on_warning: Callable[[str, Text], None] = lambda line, text: None,
        before: Mapping[str, bool] = MappingProxyType({}), on_all_told: Callable[[], None] = lambda: None,
    ) -> None:  # fmt: skip
        self._socket = socket
        self._clock = clock
        self._on_edge = on_edge
        self._on_frame = on_frame
        self._rules = rules
        self._polarities = polarities
        self._on_line = on_line
        self._on_warning = on_warning
        self._on_all_told = on_all_told
        self._watch_id = ""
        self._inputs = dict(before)
        self._codec = Codec(PINS_MESSAGES)
        self._lock = threading.Lock()
        self._channel: Channel | None = None
        self._waiting: dict[str, _Waiting] = {}
        self._taken: dict[str, _Taken] = {}
        self._lines: dict[str, LineState] = {}
        self._warnings: dict[str, Text] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pins-link", daemon=True)
        self.wiegand: WiegandFrame | None = None
        self.problem = Text("not connected yet")
        """NOTHING while pins answers."""

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        with self._lock:
            channel = self._channel
        if channel is not None:
            channel.close()
        self._thread.join(2.0)

    def lines(self) -> tuple[LineState, ...]:
        """Inputs and outputs as pins last reported them, by name."""
        with self._lock:
            return tuple(self._lines[name] for name in sorted(self._lines))

    def warnings(self) -> tuple[Text, ...]:
        """Problems of lines, as pins last reported them."""
        with self._lock:
            return tuple(self._warnings[name] for name in sorted(self._warnings))

    def request(self, message: PinsRequest | LineRules, timeout_s: float) -> PinsDone | PinsTaken:
        """Sends and waits for the first answer; an accepted request ends later (`settle`). DeliveryError: refused, not answered
        in time, or pins is gone; the same id may be sent again, pins never does it twice."""
        with self._lock:
            channel = self._channel
            if channel is None:
                raise DeliveryError("the pins process is not there: {problem}", problem=self.problem)
            asked = self._waiting.get(message.id)  # by another thread, which gets the same answer
            waiting = self._waiting[message.id] = asked or _Waiting(_late_s(message))
        try:
            answer = self._exchange(channel, message if asked is None else None, waiting, timeout_s)
        finally:
            with self._lock:
                if asked is None:
                    self._waiting.pop(message.id, None)
        if isinstance(answer, PinsRefused):
            raise Refusal(answer.why)
        return answer

    def settle(self, request_id: str, settle: Settle) -> None:
        """`settle` gets the end of an accepted request: at once if it is known already, else from the link's thread. A
        DeliveryError is not the last word: the same id may be sent again."""
        with self._lock:
            taken = self._taken.get(request_id)
            if taken is not None and taken.end is None:
                taken.settles.append(settle)
                return
            self._taken.pop(request_id, None)
        settle(taken.end if taken is not None and taken.end is not None else DeliveryError(AWAY))

    def take_back(self, request_id: str, why: Text) -> None:
        """An accepted request that has not begun ends with this reason; one that has begun goes on. A pins that is gone has
        dropped it."""
        with self._lock:
            channel = self._channel
        if channel is not None:
            with suppress(WireError):
                channel.send(TakeBack(request_id, why))

    def _exchange(
        self, channel: Channel, message: PinsRequest | LineRules | None, waiting: _Waiting, timeout_s: float
    ) -> PinsDone | PinsRefused | PinsTaken:
        try:
            if message is not None:
                channel.send(message)
        except WireError as why:
            raise DeliveryError("the pins process is not there: {why}", why=why) from why
        if not waiting.answered.wait(timeout_s):
            raise DeliveryError("the pins process did not answer in {timeout_s:g} s", timeout_s=timeout_s)
        if waiting.answer is None:
            raise DeliveryError(AWAY)
        return waiting.answer

    def push_polarities(self) -> None:
        """Sends pins the present polarities of the rules; DeliveryError with its reason if it refuses one, and the others are in
        force."""
        refusal: Refusal | None = None
        for output, active_high in self._polarities().items():
            try:
                self.request(OutputPolarity(str(uuid.uuid4()), output, active_high), POLARITY_TIMEOUT_S)
            except Refusal as why:
                refusal = refusal or why
        if refusal is not None:
            raise refusal

    def push_rules(self) -> None:
        """Sends pins the present line rules and polarities; DeliveryError with its reason if it refuses one."""
        rules = self._rules()
        if rules is not None:
            try:
                self.request(rules, POLARITY_TIMEOUT_S)
            except DeliveryError as why:  # shown as a warning; the polarities matter all the same
                log.warning("line rules: %s", why)
        self.push_polarities()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._talk()
            except GatewrightError as why:
                if self.problem != why.text and not self._stop.is_set():
                    log.warning("%s", why)
                self.problem = why.text
            except Exception:  # the thread's top
                log.exception("pins link")
                self.problem = Text("unexpected error, see the log")
            self._hang_up()
            self._clock.wait(self._stop, AGAIN_S)

    def _talk(self) -> None:
        channel = connect(self._socket, self._codec)
        try:
            self._watch_id = str(uuid.uuid4())
            channel.send(WatchPins(self._watch_id))
            known = self._tell(channel)
            with self._lock:
                self._channel = channel
            self.problem = NOTHING
            log.info("connected to pins")
            if not known:
                self._tell(channel)  # the store may have opened in between, when nobody else could tell pins
            while not self._stop.is_set():
                message = channel.receive(1.0 if self._taken else None)
                if message is not None:
                    self._take(message)
                self._give_up_late()
        finally:
            with self._lock:
                self._channel = None
            channel.close()

    def _tell(self, channel: Channel) -> bool:
        """Sends pins line rules and polarities; False while there is no store that has them."""
        rules = self._rules()
        if rules is not None:
            channel.send(rules)
        for output, active_high in self._polarities().items():
            channel.send(OutputPolarity(str(uuid.uuid4()), output, active_high))
        return rules is not None

    def _hang_up(self) -> None:
        with self._lock:
            waiting = list(self._waiting.values())
            self._warnings = {}
            # pins has released what it held for us; what it does alone (a pulse) it reports again after the next connection.
            released = [replace(line, active=False) for line in self._lines.values() if line.kind == "output" and line.active]
            self._lines.update({line.name: line for line in released})
            taken = list(self._taken)
        for line in released:
            self._on_line(line)
        for one in waiting:
            one.answered.set()
        for request_id in taken:
            self._end(request_id, DeliveryError(AWAY))

    def _take(self, message: Any) -> None:
        if isinstance(message, PinsTaken):
            self._take_on(message)
        elif isinstance(message, PinsDone | PinsRefused):
            if message.id.startswith(RULES):
                self._rules_answered(message)
            elif message.id == self._watch_id:
                self._on_all_told()
            with self._lock:
                waiting = self._waiting.get(message.id)
            if message.id in self._taken:
                self._end(message.id, message if isinstance(message, PinsDone) else DeliveryError(message.why))
            elif waiting is not None:
                waiting.answer = message
                waiting.answered.set()
            elif isinstance(message, PinsRefused):
                log.error("pins refused: %s", message.why)
        elif isinstance(message, InputEdge):
            self._input(message)
        elif isinstance(message, InputState):
            if self._inputs.get(message.input, message.active) != message.active:
                log.info("%s changed while nobody looked", message.input)
                self._input(InputEdge(message.input, message.active, self._clock.monotonic_ns()))
            else:
                self._inputs[message.input] = message.active
                self._line(message.input, "input", message.active)
        elif isinstance(message, OutputState):
            self._line(message.output, "output", message.active)
        elif isinstance(message, LineWarning):
            self._warn(message.line, message.text)
            self._on_warning(message.line, message.text)
        elif isinstance(message, WiegandSent):
            self.wiegand = WiegandFrame(message.port, message.code, message.at, message.ok)
            self._on_frame(message)

    def _input(self, edge: InputEdge) -> None:
        self._inputs[edge.input] = edge.active
        self._line(edge.input, "input", edge.active)
        self._on_edge(edge)

    def _rules_answered(self, message: PinsDone | PinsRefused) -> None:
        """pins takes rules as a whole. One that names a line which the board has lost must not cost the others, such as the guard
        of the safety loop: they are sent without it, and what is wrong is shown all the same."""
        is_part = message.id.startswith(PART)
        if isinstance(message, PinsDone):
            if not is_part:
                self._warn("settings", NOTHING)
            return
        self._warn("settings", _not_in_force(message.why))
        rules = self._rules()
        with self._lock:
            channel, lines = self._channel, tuple(self._lines.values())
        if is_part or rules is None or channel is None or not any(line.kind == "output" for line in lines):
            return
        part = _fitting(rules, lines)
        if part != replace(rules, id=part.id):
            channel.send(part)

    def _take_on(self, message: PinsTaken) -> None:
        with self._lock:
            waiting = self._waiting.get(message.id)
            if waiting is None:
                return  # its sender gave up, and sends it again
            late_ns = self._clock.monotonic_ns() + round(waiting.late_s * 1e9)
            before = self._taken.get(message.id)
            if before is None or before.end is not None:
                self._taken[message.id] = _Taken(late_ns)
            ended = [request_id for request_id, taken in self._taken.items() if taken.end is not None]
            for request_id in ended[: max(0, len(ended) - KNOWN_ENDS)]:
                del self._taken[request_id]
            waiting.answer = message
        waiting.answered.set()

    def _end(self, request_id: str, end: PinsDone | DeliveryError) -> None:
        with self._lock:
            taken = self._taken.get(request_id)
            if taken is None or taken.end is not None:
                return
            taken.end = end
            if not taken.settles:
                return
            del self._taken[request_id]
        for settle in taken.settles:
            settle(end)

    def _give_up_late(self) -> None:
        now_ns = self._clock.monotonic_ns()
        with self._lock:
            late = [request_id for request_id, taken in self._taken.items() if taken.end is None and taken.late_ns < now_ns]
        for request_id in late:
            self._end(request_id, DeliveryError("the pins process took the request, but did not say that it was carried out"))

    def _warn(self, name: str, text: Text) -> None:
        with self._lock:
            self._warnings.pop(name, None)
            if text:
                self._warnings[name] = text

    def _line(self, name: str, kind: str, active: bool) -> None:
        with self._lock:
            old = self._lines.get(name)
            if old is not None and old.active == active:
                return
            changed_at = None if old is None else self._clock.now()
            line = self._lines[name] = LineState(name, kind, active, changed_at)
        self._on_line(line)


def _fitting(rules: LineRules, lines: Iterable[LineState]) -> LineRules:
    """What of the rules is about lines that the board has."""
    outputs = {line.name for line in lines if line.kind == "output"}
    inputs = {line.name for line in lines if line.kind == "input"}
    groups = (tuple(name for name in group if name in outputs) for group in rules.interlocks)
    return LineRules(
        f"{PART}-{uuid.uuid4()}",
        tuple(each for each in rules.max_on_s if each[0] in outputs),
        tuple(each for each in rules.stuck_after_s if each[0] in inputs),
        tuple(group for group in groups if len(group) > 1),
        tuple(guard for guard in rules.guards if guard.input in inputs and guard.output in outputs),
    )


def _not_in_force(why: Text) -> Text:
    return Text("Outputs and inputs of the general configuration are not in force: {why}", {"why": why})


def _late_s(message: PinsRequest | LineRules) -> float:
    """How long an accepted request may take until its end, or pins hangs."""
    return LONGEST_FRAMES_S if isinstance(message, SendWiegand) else getattr(message, "delay_ms", 0) / 1000 + LATE_S
