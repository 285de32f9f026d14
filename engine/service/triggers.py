"""Triggers: the one entrance for every source (input, socket, HTTP): checks mode and period, and gives a reason for each
refusal."""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable
from dataclasses import field

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import TriggerRefused, WireError
from board.kit.words import NOTHING, Text
from engine.events import PLATE
from engine.messages import TriggerTaken
from engine.types import Passage, Trigger

log = logging.getLogger("triggers")

TAKEN_TIMEOUT_S = 1.0
"""The engine answers within this time whether it has begun."""

MAX_OPEN = 64
"""Triggers whose answers are awaited at the same time, at most."""


@dataclass(slots=True)
class _Open:
    """A trigger that the engine has not answered yet. `at_ns`: when it was accepted."""

    at_ns: int
    taken: threading.Event = field(default_factory=threading.Event)
    refused: Text = NOTHING
    read: threading.Event = field(default_factory=threading.Event)
    passage: Passage | None = None


class Triggers:
    """`mode` gives the engine's mode ("STOPPED" when it is not there); `send` hands a trigger to the engine (WireError when
    it is gone); `period_s`: least time between two accepted ones (4 s in manual 4.5, LPR configuration tab); `count` adds to a
    counter by name.
    `last_ns`: when the last one was accepted before this process, None when none was in this boot; `accepted(ns)` is told each."""

    def __init__(
        self,
        clock: Clock,
        mode: Callable[[], str],
        send: Callable[[Trigger], None],
        period_s: Callable[[], float],
        count: Callable[[str], None],
        last_ns: int | None,
        accepted: Callable[[int], None],
    ) -> None:
        self._clock = clock
        self._mode = mode
        self._send = send
        self._period_s = period_s
        self._count = count
        self._lock = threading.Lock()
        self._last_ns = last_ns
        self._accepted = accepted
        self._open: dict[str, _Open] = {}

    def fire(self, cause: str, wait_taken_s: float = TAKEN_TIMEOUT_S) -> Trigger:
        """The accepted trigger. TriggerRefused with the reason: wrong mode, too early, engine gone or not answering.

        `wait_taken_s` 0: returns once it was sent (a refusal by the engine is logged)."""
        self._count("Triggers received")
        try:
            trigger = self._accept(cause)
            if wait_taken_s > 0:
                self._wait_taken(trigger, wait_taken_s)
        except TriggerRefused as why:
            self._count("Triggers refused")
            log.warning("trigger by %s refused: %s", cause, why)
            raise
        log.info("trigger %s by %s", trigger.id, cause)
        return trigger

    def wait_passage(self, trigger_id: str, timeout_s: float) -> Passage | None:
        """The passage that the trigger led to ("no plate" is one); None if it has not come in time."""
        with self._lock:
            waiting = self._open.get(trigger_id)
        if waiting is None or not waiting.read.wait(timeout_s):
            return None
        return waiting.passage

    def taken(self, message: TriggerTaken) -> None:
        """The engine's answer."""
        with self._lock:
            waiting = self._open.get(message.trigger_id)
        if message.refused:
            log.warning("the engine refused trigger %s: %s", message.trigger_id, message.refused)
        if waiting is not None:
            with self._lock:
                if message.refused and self._last_ns == waiting.at_ns:
                    self._last_ns = None  # nothing was read, so the next one is not too early
            waiting.refused = message.refused
            waiting.taken.set()

    def passage(self, passage: Passage) -> None:
        """A stored passage; wakes whoever waits for it."""
        with self._lock:
            waiting = self._open.get(passage.trigger_id)
        if waiting is not None:
            waiting.passage = passage
            waiting.taken.set()
            waiting.read.set()

    def was_in_vain(self) -> bool:
        """Whether the last one saw no plate, and another would not come too early."""
        with self._lock:
            last = next(reversed(self._open.values()), None)
        if last is None or last.passage is None or self._clock.monotonic_ns() - last.at_ns < self._period_s() * 1e9:
            return False
        return last.passage.what != PLATE

    def _accept(self, cause: str) -> Trigger:
        mode = self._mode()
        if mode != "TRIGGER":
            raise TriggerRefused("the mode is {mode}; triggers are read in mode TRIGGER", mode=mode)
        with self._lock:
            now_ns = self._clock.monotonic_ns()
            period_s = self._period_s()
            if self._last_ns is not None and now_ns - self._last_ns < period_s * 1e9:
                early_s = period_s - (now_ns - self._last_ns) / 1e9
                raise TriggerRefused(
                    "{early_s:.1f} s too early: at least {period_s:g} s must lie between two triggers",
                    early_s=early_s,
                    period_s=period_s,
                )
            trigger = Trigger(uuid.uuid4().hex[:16], cause, self._clock.now(), now_ns)
            self._open[trigger.id] = _Open(now_ns)
            while len(self._open) > MAX_OPEN:
                self._open.pop(next(iter(self._open)))
            try:
                self._send(trigger)
            except WireError as why:
                raise TriggerRefused("the engine is not there: {why}", why=why) from why
            self._last_ns = now_ns
        self._accepted(now_ns)
        return trigger

    def _wait_taken(self, trigger: Trigger, timeout_s: float) -> None:
        with self._lock:
            waiting = self._open[trigger.id]
        if not waiting.taken.wait(timeout_s):
            raise TriggerRefused("the engine did not answer in {timeout_s:g} s", timeout_s=timeout_s)
        if waiting.refused:
            raise TriggerRefused(waiting.refused)
