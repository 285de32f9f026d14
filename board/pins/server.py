"""Pins server: one thread that takes the clients' requests, times pulses and delays, and tells watchers what happened.

Rules: a known id (the last 256, and what began before pins was started again: `acts.py`) is answered again without acting again;
a refused one may be asked again. What cannot be done at once (a delayed request, a frame) is answered twice: taken, and then done
or refused. Requests that have not begun (delayed, queued frames) can be taken back and are dropped with their client, a hold ends
with it, a pulse or pattern runs to its end. Nothing begins after its `not_after_ns`. A client that does not read its answers is cut
off. What is kept on the card (polarity, line rules) is in force and answered once it is there (`kept_changes.py`).
"""

from __future__ import annotations

import heapq
import itertools
import logging
import os
import selectors
import signal
import socket
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import field

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import BoardError, WireError
from board.kit.process import Life
from board.kit.state import State
from board.kit.wire import Channel, Codec, PeerGone, accept, listen
from board.kit.words import Text, shortened
from board.line_rules import Rules
from board.pins.acts import Acts
from board.pins.frames import FrameSender, Job
from board.pins.guardian import Guardian
from board.pins.inputs import Inputs
from board.pins.kept_changes import MAX_WAITING, KeptChanges
from board.pins.limits import objection, too_late
from board.pins.outputs import Outputs
from board.ports import Gpio
from board.types import (
    PINS_MESSAGES,
    BoardProfile,
    Guard,
    InputEdge,
    Level,
    LineRules,
    LineWarning,
    OutputPolarity,
    OutputState,
    Pattern,
    PinsDone,
    PinsRefused,
    PinsTaken,
    Pulse,
    SendWiegand,
    TakeBack,
    WatchPins,
)
from board.wiegand.makers import PulseMaker

log = logging.getLogger("pins")

BEAT_S = 1.0
LATE_BEAT_S = 2.0
"""A beat may be this late while an output is on: a slow card is not a hang. The end of a pulse has no such grace."""
FINISH_S = 2.0
"""A pulse that ends within this time of an order to stop ends by itself: a barrier may miss one that is cut short."""
KNOWN_IDS = 256
MAX_CLIENTS = 32


@dataclass(eq=False, slots=True)
class _Client:
    """A connected process."""

    number: int
    channel: Channel
    watching: bool = False


@dataclass(eq=False, slots=True)
class _Waiting:
    """A request that has not been answered: delayed, or a frame in its port's queue."""

    request: Pulse | Pattern | Level | SendWiegand
    clients: list[_Client]
    job: Job | None = None
    dropped: bool = False


@dataclass(slots=True)
class _Known:
    """Requests by id: `waiting` for their answer, or `answered`, the last 256."""

    waiting: dict[str, _Waiting] = field(default_factory=dict)
    answered: OrderedDict[str, PinsDone] = field(default_factory=OrderedDict)


class PinsServer:
    """`run` until `life.stop`; then every output is at rest. The chip's lines are claimed already, which gave the `makers`."""

    def __init__(
        self,
        state: State,
        profile: BoardProfile,
        gpio: Gpio,
        makers: Mapping[str, PulseMaker],
        polarity: dict[str, bool],
        rules: Rules,
        clock: Clock,
    ) -> None:
        self._state = state
        self._clock = clock
        self._codec = Codec(PINS_MESSAGES)
        self._clients: dict[int, _Client] = {}
        self._numbers = itertools.count(1)
        self._known = _Known()
        self._acts = Acts(state.acts_file)
        self._delayed: list[tuple[int, int, _Waiting]] = []
        self._posted: deque[Callable[[], None]] = deque()
        self._wake_read, self._wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._guardian: Guardian | None = None
        self._outputs = Outputs(profile, gpio, polarity, clock, self._tell_lines, rules, self._arm, self._on_guard)
        self._inputs = Inputs(profile, gpio, clock, self._tell_lines, rules.stuck_after_s)
        self._ports = {
            line.name: FrameSender(makers[line.name], line, clock, self._acts, self._frame_reported) for line in profile.wiegand
        }
        gpio.watch([line.pin for line in profile.inputs], self._raw_edge)
        self._selector = selectors.DefaultSelector()
        self._changes = KeptChanges(state, profile, rules, self._outputs, self._inputs, clock, self._post, self._answer_change)
        self._handlers: dict[type, Callable[[_Client, object], None]] = {
            Pulse: self._on_action,
            Pattern: self._on_action,
            Level: self._on_action,
            SendWiegand: self._on_action,
            TakeBack: self._on_take_back,
            OutputPolarity: self._on_change,
            LineRules: self._on_change,
            WatchPins: self._on_watch,
        }

    def run(self, life: Life, guardian: Guardian) -> None:
        """Serves until `life.stop`. Whatever ends it, the outputs are at rest afterwards."""
        self._guardian = guardian
        previous = signal.set_wakeup_fd(self._wake_write, warn_on_full_buffer=False)
        listener = listen(self._state.pins_socket)
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener))
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        next_beat_ns = 0
        try:
            while not life.stop.is_set():
                now_ns = self._clock.monotonic_ns()
                if now_ns >= next_beat_ns:
                    life.beat()
                    guardian.check()
                    self._inputs.resync()
                    next_beat_ns = now_ns + round(BEAT_S * 1e9)
                guardian.expect(self._silent_until_ns(next_beat_ns))
                for key, _ in self._selector.select(self._patience_s(next_beat_ns)):
                    key.data()
                self._do_due()
            self._finish_pulses(guardian)
        finally:
            signal.set_wakeup_fd(previous)
            self._end(listener, guardian)

    def _finish_pulses(self, guardian: Guardian) -> None:
        """Nobody is listened to any more, but inputs guard to the end."""
        until_ns = self._clock.monotonic_ns() + round(FINISH_S * 1e9)
        self._outputs.rest_but_for_pulses(until_ns)
        with selectors.DefaultSelector() as woken:
            woken.register(self._wake_read, selectors.EVENT_READ)
            while (now_ns := self._clock.monotonic_ns()) < until_ns and (due_ns := self._outputs.next_ns()) is not None:
                guardian.expect(self._silent_until_ns(until_ns))
                dues = [due_ns, until_ns, *([] if (settled_ns := self._inputs.next_ns()) is None else [settled_ns])]
                if woken.select(max(0, min(dues) - now_ns) / 1e9):
                    self._woken()
                self._outputs.end_due()
                self._inputs.settle_due()
                self._outputs.obey_guards()

    # --- time ---------------------------------------------------------------------------------------------------------

    def _patience_s(self, next_beat_ns: int) -> float:
        due = [next_beat_ns, self._outputs.next_ns(), self._inputs.next_ns(), self._delayed[0][0] if self._delayed else None]
        return max(0, min(t_ns for t_ns in due if t_ns is not None) - self._clock.monotonic_ns()) / 1e9

    def _silent_until_ns(self, next_beat_ns: int) -> int:
        """The time by which this loop turns again; 0 while every output is off: then a hang needs no guardian."""
        if not self._outputs.busy():
            return 0
        beat_ns = next_beat_ns + round(LATE_BEAT_S * 1e9)
        return min(beat_ns, self._outputs.next_ns() or beat_ns)

    def _arm(self, end_ns: int) -> None:
        """An output goes on, or (`end_ns`) is on until then: a hang before the next turn of the loop, which tells what else is due,
        prolongs no pulse either."""
        if self._guardian is not None:
            late_ns = self._clock.monotonic_ns() + round(LATE_BEAT_S * 1e9)
            self._guardian.expect(min(late_ns, end_ns or late_ns, self._outputs.next_ns() or late_ns))

    def _on_guard(self, guard: Guard) -> bool:
        return self._inputs.guards(guard.input, guard.unless_stuck)

    def _do_due(self) -> None:
        self._outputs.end_due()
        self._inputs.settle_due()
        self._outputs.obey_guards()
        while self._delayed and self._delayed[0][0] <= self._clock.monotonic_ns():
            _, _, waiting = heapq.heappop(self._delayed)
            if not waiting.dropped:
                self._begin(waiting)

    # --- clients ------------------------------------------------------------------------------------------------------

    def _accept(self, listener: socket.socket) -> None:
        try:
            channel = accept(listener, self._codec, send_timeout_s=0)
        except OSError as why:
            log.warning("a client could not be accepted: %s", why)
            return
        if len(self._clients) >= MAX_CLIENTS:
            log.warning("a client was turned away: there are %d already", MAX_CLIENTS)
            channel.close()
            return
        client = _Client(next(self._numbers), channel)
        self._clients[client.number] = client
        self._selector.register(channel, selectors.EVENT_READ, lambda: self._serve(client))

    def _serve(self, client: _Client) -> None:
        if client.number not in self._clients:
            return  # gone since the selector reported it
        try:
            message = client.channel.receive(0)
        except PeerGone:
            self._client_gone(client)
            return
        except WireError as why:
            log.warning("client %d: %s", client.number, why)
            self._send(client, PinsRefused("", shortened(why.text, 500)))
            return
        if message is None:
            return
        handler = self._handlers.get(type(message))
        if handler is None:
            self._send(client, PinsRefused(getattr(message, "id", ""), _no_request(message)))
            return
        try:
            handler(client, message)
        except BoardError as why:
            log.warning("%s: %s", type(message).__name__, why)
            self._send(client, PinsRefused(getattr(message, "id", ""), why.text))

    def _client_gone(self, client: _Client) -> None:
        if self._clients.pop(client.number, None) is None:
            return
        self._selector.unregister(client.channel)
        client.channel.close()
        for name, waiting in list(self._known.waiting.items()):
            if client in waiting.clients:
                waiting.clients.remove(client)
                if not waiting.clients and self._drop(waiting):
                    log.info("request %s is dropped: its client has gone", name)
                    del self._known.waiting[name]
        for name in self._outputs.client_gone(client.number):
            self._known.answered.pop(name, None)  # asked again, it must hold again

    def _drop(self, waiting: _Waiting) -> bool:
        """False: it has begun, goes on to its end, and its answer is remembered."""
        if waiting.job is not None and not waiting.job.drop():
            return False
        waiting.dropped = True
        return True

    def _send(self, client: _Client, message: object) -> None:
        try:
            client.channel.send(message)
        except WireError as why:
            log.warning("client %d is cut off: %s", client.number, why)
            # Not at once: whoever is sending may be in the middle of a change.
            self._post(lambda: self._client_gone(client))

    def _tell_lines(self, message: OutputState | InputEdge | LineWarning) -> None:
        if isinstance(message, LineWarning):
            log.warning("%s", message.text or f"{message.line}: that is over")
        self._tell_watchers(message)

    def _tell_watchers(self, message: object) -> None:
        for client in list(self._clients.values()):
            if client.watching:
                self._send(client, message)

    # --- requests -----------------------------------------------------------------------------------------------------

    def _on_watch(self, client: _Client, message: object) -> None:
        assert isinstance(message, WatchPins)
        client.watching = True
        for state in (*self._outputs.states(), *self._inputs.states(), *self._outputs.warnings(), *self._inputs.warnings()):
            self._send(client, state)
        self._send(client, PinsDone(message.id, self._clock.monotonic_ns()))

    def _on_change(self, client: _Client, message: object) -> None:
        assert isinstance(message, OutputPolarity | LineRules)
        self._changes.take(client, message)

    def _answer_change(self, client: _Client, answer: PinsDone | PinsRefused) -> None:
        if client.number in self._clients:
            self._send(client, answer)

    def _on_action(self, client: _Client, message: object) -> None:
        assert isinstance(message, Pulse | Pattern | Level | SendWiegand)
        answered = self._known.answered.get(message.id)
        if answered is not None:
            self._send(client, answered)
            return
        waiting = self._known.waiting.get(message.id)
        if waiting is not None:
            if client not in waiting.clients:
                waiting.clients.append(client)
            self._send(client, PinsTaken(message.id))
            return
        begun_ns = self._acts.begun_ns(message.id)
        if begun_ns is not None:
            log.warning("%s %s began before: it is not repeated", type(message).__name__, message.id)
            self._send(client, PinsDone(message.id, begun_ns, Text("began before: not repeated")))
            return
        why = self._objection(message)
        if why:
            log.warning("%s %s refused: %s", type(message).__name__, message.id, why)
            self._send(client, PinsRefused(message.id, why))
            return
        waiting = _Waiting(message, [client])
        self._known.waiting[message.id] = waiting
        delay_ms = 0 if isinstance(message, SendWiegand) else message.delay_ms
        if delay_ms:
            due_ns = self._clock.monotonic_ns() + delay_ms * 1_000_000
            heapq.heappush(self._delayed, (due_ns, next(self._numbers), waiting))
            self._send(client, PinsTaken(message.id))
        else:
            self._begin(waiting)

    def _on_take_back(self, client: _Client, message: object) -> None:
        assert isinstance(message, TakeBack)
        waiting = self._known.waiting.get(message.id)
        if waiting is not None and self._drop(waiting):
            log.info("request %s is taken back: %s", message.id, message.why)
            self._answer(waiting, PinsRefused(message.id, message.why))

    def _objection(self, request: Pulse | Pattern | Level | SendWiegand) -> Text:
        """Why a request cannot be accepted; NOTHING when it can. BoardError: there is no such output."""
        if len(self._known.waiting) >= MAX_WAITING:
            return Text("{most} requests are waiting already", {"most": MAX_WAITING})
        if not isinstance(request, SendWiegand):
            self._outputs.check(request.output)
        return objection(request, self._ports, self._clock.monotonic_ns())

    def _begin(self, waiting: _Waiting) -> None:
        request = waiting.request
        late = too_late(request, self._clock.monotonic_ns())
        if late:
            self._answer(waiting, PinsRefused(request.id, late))
            return
        if isinstance(request, SendWiegand):
            waiting.job = self._ports[request.port].put(request)
            if waiting.job is None:
                self._answer(waiting, PinsRefused(request.id, Text("{port}: too many frames are waiting", {"port": request.port})))
            else:
                self._send(waiting.clients[0], PinsTaken(request.id))
            return
        try:
            done = self._act(request, waiting.clients[0])
        except BoardError as why:
            log.warning("%s %s refused: %s", type(request).__name__, request.id, why)
            self._acts.forget(request.id)
            self._answer(waiting, PinsRefused(request.id, why.text))
            return
        log.info("%s done: %s", request, done.note or "ok")
        self._answer(waiting, done)

    def _act(self, request: Pulse | Pattern | Level, client: _Client) -> PinsDone:
        if not isinstance(request, Level):
            self._acts.remember(request.id, self._clock.monotonic_ns())
        if isinstance(request, Pulse):
            return PinsDone(request.id, *self._outputs.pulse(request.output, request.duration_ms))
        if isinstance(request, Pattern):
            return PinsDone(request.id, *self._outputs.play(request.output, request.on_ms, request.off_ms, request.repeats))
        if request.active:
            return PinsDone(request.id, self._outputs.hold(request.output, client.number, request.id))
        return PinsDone(request.id, *self._outputs.release(request.output))

    def _answer(self, waiting: _Waiting, answer: PinsDone | PinsRefused) -> None:
        self._known.waiting.pop(answer.id, None)
        if isinstance(answer, PinsDone):
            self._known.answered[answer.id] = answer
            while len(self._known.answered) > KNOWN_IDS:
                self._known.answered.popitem(last=False)
        for client in waiting.clients:
            self._send(client, answer)

    # --- from other threads -------------------------------------------------------------------------------------------

    def _post(self, task: Callable[[], None]) -> None:
        self._posted.append(task)
        try:
            os.write(self._wake_write, b"\0")
        except BlockingIOError:
            pass  # full of wake-ups already

    def _woken(self) -> None:
        os.read(self._wake_read, 4096)
        while self._posted:
            self._posted.popleft()()

    def _raw_edge(self, pin: int, level: bool, t_ns: int) -> None:
        self._post(lambda: self._inputs.raw_edge(pin, level, t_ns))

    def _frame_reported(self, job: Job, message: object) -> None:
        self._post(lambda: self._take_report(job, message))

    def _take_report(self, job: Job, message: object) -> None:
        if not isinstance(message, PinsDone | PinsRefused):
            self._tell_watchers(message)
            return
        waiting = self._known.waiting.get(message.id)
        if waiting is not None and waiting.job is job:
            self._answer(waiting, message)

    # --- the end ------------------------------------------------------------------------------------------------------

    def _end(self, listener: socket.socket, guardian: Guardian) -> None:
        try:
            self._outputs.rest()
        finally:
            guardian.expect(0)
            for port in self._ports.values():
                port.stop()
            for port in self._ports.values():
                port.join()
            self._selector.close()
            listener.close()
            self._acts.close()
            for client in self._clients.values():
                client.channel.close()


def _no_request(message: object) -> Text:
    return Text("{message} is not a request", {"message": type(message).__name__})
