"""Switching: carries out orders of people and recorders to switch outputs (engine/messages.py: SwitchOutput).

An order takes the same way as an IO action to the pins process, which enforces interlocks, guards and longest times; Audit
records the outcome with who, from where and why. Unlike an action it needs no plate: the permission was checked before.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable

from board.kit.clock import Clock
from board.kit.errors import DeliveryError
from board.kit.settings import unfit
from board.kit.words import NOTHING, Text, mark, one_line
from board.types import PinsDone
from engine.actions import Pins
from engine.actions._kind import noted
from engine.actions.io import ACTION, ANSWER_TIMEOUT_S, BY_HAND, IoOptions, noted_as, request_of
from engine.messages import Outcome, SwitchOutput, TestAction
from engine.service.events import Done

log = logging.getLogger("service")

MAX_AGE_NS = 2_000_000_000
"""Whoever presses a button sees whether it moves: later than this nothing begins any more."""

LATEST_NS = 5_000_000_000
"""After the camera had the order, whatever hung on its way here: by then whoever gave it is told that it failed."""

REPEATED_NS = 600_000_000_000
"""Audit records a program that repeats the same order at most this often; otherwise it would push out earlier rows."""

MOST_OUTPUTS = 64
"""Number of outputs whose last orders are remembered."""

MOST_CHARACTERS = 80
TEST = "TEST"
"""Through what an action is tried."""
NOT_DONE = mark("not done ({what}): {why}")


class Switching:
    """`happened` as Events.happened (engine/service/events.py); `switched(options)` is called before it with what was done."""

    def __init__(self, clock: Clock, pins: Pins, happened: Callable[..., None], switched: Callable[[IoOptions], None]) -> None:
        self._clock = clock
        self._pins = pins
        self._happened = happened
        self._switched = switched
        self._lock = threading.Lock()
        self._last: dict[str, tuple[tuple[object, ...], int]] = {}
        """Output: the last recorded order, and when."""

    def do(self, request: SwitchOutput) -> Outcome:
        """Returns what was done, or why not; SettingsError if the request makes no sense."""
        if request.do not in BY_HAND:
            raise unfit("do", "Do", "must be one of {choices}", choices=BY_HAND)
        options = IoOptions(output=request.output, do=request.do, duration_ms=request.duration_ms)
        try:
            now_ns = self._clock.monotonic_ns()
            not_after_ns = now_ns + MAX_AGE_NS
            if request.do != "off":  # closing is never too late
                not_after_ns = min(not_after_ns, max(request.ordered_ns + LATEST_NS, 1))
            answer = self._pins.request(request_of(options, str(uuid.uuid4()), not_after_ns), ANSWER_TIMEOUT_S)
        except DeliveryError as why:
            self._keep(request, Done(ACTION.name, "failed", Text(NOT_DONE, {"what": noted_as(options), "why": why.text})))
            return Outcome(False, why.text)
        done = noted(noted_as(options), answer.note if isinstance(answer, PinsDone) else NOTHING)
        self._switched(options)
        self._keep(request, Done(ACTION.name, "done", done))
        return Outcome(True, done)

    def tried(self, request: TestAction, done: Done) -> None:
        """TEST of an action that lets somebody in was pressed: no other way to open a gate than those that Audit knows."""
        self._keep(SwitchOutput(f"test of {request.kind}", done.state, 0, request.user, request.address, TEST), done)

    def _keep(self, request: SwitchOutput, done: Done) -> None:
        if self._is_repeated(request, done):
            return
        who = _who(request)
        log.info("%s, by %s", done.note, who)
        self._happened("by_hand", cause=request.through, done=done, what=done.note, who=who)

    def _is_repeated(self, request: SwitchOutput, done: Done) -> bool:
        """Whether it is the same order of the same user with the same outcome as this output's last one. Each pulse counts: it
        opens a gate."""
        is_opening = done.state == "done" and (request.do == "pulse" or request.through == TEST)
        now_ns, order = self._clock.monotonic_ns(), (request, done.state, str(done.note))
        with self._lock:
            last, at_ns = self._last.get(request.output, ((), 0))
            if last == order and now_ns - at_ns < REPEATED_NS and not is_opening:
                return True
            self._last[request.output] = order, now_ns
            while len(self._last) > MOST_OUTPUTS:
                self._last.pop(next(iter(self._last)))
        return False


def _who(request: SwitchOutput) -> Text:
    said = (request.user, request.address, request.through, request.reason)
    user, address, through, reason = (one_line(text, MOST_CHARACTERS) for text in said)
    who = Text("{user} at {address} ({through})", {"user": user or Text("somebody"), "address": address, "through": through})
    return Text("{who}: {reason}", {"who": who, "reason": reason}) if reason else who
