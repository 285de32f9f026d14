"""Decided: passages for whoever tells others of them: each once, when it is decided about, and none from before the start.

Put between a subscription to PASSAGES and DELIVERIES (engine/subscription.py) and what is to be told.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from board.kit.clock import Clock
from engine.messages import PassageDecided, PassageEvent, Subscribed
from engine.types import WAITING

WAIT_S = 30.0
"""The longest that a decision takes, and some: after that the passage is told as it stands."""

YOUNG = timedelta(seconds=60)
"""While nobody can say which passages are from before the start, those that are younger count as new."""


class Decided:
    """Used by one thread. `tell(passage)` gets them; `turn` is to be called about every second."""

    def __init__(self, tell: Callable[[PassageEvent], None], clock: Clock) -> None:
        self._tell = tell
        self._clock = clock
        self._newest = -1
        """Row of the newest passage that is known; -1: the store was not open yet when that was asked."""
        self._waiting: dict[str, tuple[PassageEvent, int]] = {}

    def take(self, message: object) -> None:
        """One message of the subscription; what is not about passages changes nothing."""
        if isinstance(message, Subscribed):
            if self._newest < 0 or 0 <= message.newest < self._newest:  # the start, or another database
                self._newest = message.newest
        elif isinstance(message, PassageEvent):
            self._passage(message)
        elif isinstance(message, PassageDecided):
            waited = self._waiting.pop(message.passage_id, None)
            if waited is not None:
                self._tell(replace(waited[0], decision=message.decision))

    def turn(self) -> None:
        now_ns = self._clock.monotonic_ns()
        for passage_id, (stored, until_ns) in list(self._waiting.items()):
            if until_ns <= now_ns:
                del self._waiting[passage_id]
                self._tell(stored)

    def _passage(self, stored: PassageEvent) -> None:
        known = stored.row <= self._newest if self._newest >= 0 else self._clock.now() - stored.passage.at > YOUNG
        self._newest = max(self._newest, stored.row) if self._newest >= 0 else stored.row if not known else self._newest
        if known:
            return
        if stored.decision.outcome == WAITING:
            self._waiting[stored.passage.id] = stored, self._clock.monotonic_ns() + round(WAIT_S * 1e9)
        else:
            self._tell(stored)
