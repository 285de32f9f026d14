"""Subscribers: pushes events to subscribers; the memory that each may occupy is bounded.

An unsent status or live read is replaced by the newest. Changes of lines and outcomes of deliveries wait in a short queue;
beyond its bound the oldest are dropped, and the subscriber is told how many. Passages are not queued: each subscriber reads
them from the store at its own pace, from its last row on.
"""

from __future__ import annotations

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Protocol

from board.kit.dataclass import dataclass
from board.kit.errors import StoreError, WireError
from board.kit.wire import Channel, PeerGone
from board.kit.words import Text
from engine.messages import (
    DELIVERIES,
    LINES,
    LIVE,
    PASSAGES,
    SETTINGS,
    STATUS,
    TOPICS,
    DeliveryEvent,
    LineChanged,
    LineState,
    LiveReads,
    Missed,
    Outcome,
    PassageDecided,
    PassageEvent,
    ServerSettings,
    ServiceStatus,
    Subscribe,
    Subscribed,
    TestPassage,
)
from engine.types import Decision, Delivery

log = logging.getLogger("subscribers")

MOST_SUBSCRIBERS = 16
MOST_WAITING = 256
"""Queued messages of lines and deliveries together, for one subscriber."""

PAGE = 20
"""Passages read from the store at a time."""

STATUS_EVERY_S = 1.0
STATUS_PAUSE_S = 0.1
"""A status takes a few ms: it is sent at most this often, however much changes."""

STORE_AGAIN_S = 1.0


class PassageSource(Protocol):
    """The store as subscribers read it. StoreError if it cannot be read or is not open yet."""

    def rows(self) -> tuple[int, int]:
        """Rows of the oldest and the newest passage."""
        ...

    def after(self, row: int, limit: int) -> Sequence[PassageEvent]:
        """Passages stored after that row, oldest first."""
        ...


@dataclass(slots=True)
class _Subscriber:
    """A process that listens, and what it has still to get."""

    topics: frozenset[str]
    row: int
    last: int
    passages_due: bool = True
    newest: dict[str, object] = field(default_factory=dict)
    waiting: deque[tuple[str, object]] = field(default_factory=deque)
    missed: Counter[str] = field(default_factory=Counter)

    def begin(self, newest: int) -> None:
        """From now on, but for the last ones; also where the row is of another database."""
        if not 0 <= self.row <= newest:
            self.row = max(0, newest - self.last)


class Subscribers:
    """`status()`, `lines()` and `settings()` return the present state; threads of this object call them. `settings()` is None
    while they cannot be read."""

    def __init__(
        self,
        status: Callable[[], ServiceStatus],
        lines: Callable[[], Sequence[LineState]],
        settings: Callable[[], ServerSettings | None],
        passages: PassageSource,
    ) -> None:
        self._status = status
        self._lines = lines
        self._settings = settings
        self._passages = passages
        self._news = threading.Condition()
        self._all: list[_Subscriber] = []
        self._status_due = threading.Event()
        self._stop = threading.Event()

    def start(self) -> None:
        threading.Thread(target=self._push_status, name="push-status", daemon=True).start()

    def close(self) -> None:
        self._stop.set()
        self._status_due.set()
        with self._news:
            self._news.notify_all()

    def status_changed(self) -> None:
        """The status has changed: it is pushed at once."""
        self._status_due.set()

    def passage_stored(self) -> None:
        with self._news:
            for one in self._all:
                one.passages_due = True
            self._news.notify_all()

    def test(self, event: PassageEvent) -> None:
        """A test passage, for all who subscribe to passages."""
        self._append(PASSAGES, TestPassage(event))

    def live(self, reads: LiveReads) -> None:
        self._replace(LIVE, reads)

    def settings(self, settings: ServerSettings) -> None:
        """The settings were read, or have changed."""
        self._replace(SETTINGS, settings)

    def line(self, line: LineState) -> None:
        self._append(LINES, LineChanged(line))
        self.status_changed()

    def delivery(self, delivery: Delivery) -> None:
        self._append(DELIVERIES, DeliveryEvent(delivery))

    def decided(self, passage_id: str, decision: Decision) -> None:
        self._append(DELIVERIES, PassageDecided(passage_id, decision))

    def serve(self, channel: Channel, request: Subscribe) -> None:
        """Sends to `channel` until it ends (PeerGone) or this object is closed."""
        unknown = sorted(set(request.topics) - set(TOPICS))
        if unknown or not request.topics:
            channel.send(Outcome(False, Text("topics are {topics}", {"topics": TOPICS})))
            return
        one = _Subscriber(frozenset(request.topics), request.after, request.last)
        with self._news:
            full = len(self._all) >= MOST_SUBSCRIBERS
            if not full:
                self._all.append(one)
        if full:
            log.warning("%d subscribers are there, another is turned away", MOST_SUBSCRIBERS)
            channel.send(Outcome(False, Text("too many subscribers")))
            return
        try:
            self._begin(channel, one)
            while not self._stop.is_set():
                self._wait(one)
                if channel.receive(0) is not None:
                    log.warning("a subscriber said something: nothing is expected of it")
                self._send_waiting(channel, one)
                self._send_passages(channel, one)
        finally:
            with self._news:
                self._all.remove(one)

    # --- what happened ------------------------------------------------------------------------------------------------

    def _replace(self, topic: str, message: object) -> None:
        with self._news:
            for one in self._all:
                if topic in one.topics:
                    one.newest[topic] = message
            self._news.notify_all()

    def _append(self, topic: str, message: object) -> None:
        with self._news:
            for one in self._all:
                if topic not in one.topics:
                    continue
                if len(one.waiting) >= MOST_WAITING:
                    one.missed[one.waiting.popleft()[0]] += 1
                one.waiting.append((topic, message))
            self._news.notify_all()

    def _push_status(self) -> None:
        while not self._stop.is_set():
            self._status_due.wait(STATUS_EVERY_S)
            self._status_due.clear()
            with self._news:
                wanted = any(STATUS in one.topics for one in self._all)
            if not wanted:
                continue
            try:
                self._replace(STATUS, self._status())
            except Exception:  # the thread's top
                log.exception("status")
            self._stop.wait(STATUS_PAUSE_S)

    # --- one subscriber -----------------------------------------------------------------------------------------------

    def _begin(self, channel: Channel, one: _Subscriber) -> None:
        newest = -1
        try:
            _, newest = self._passages.rows()
        except StoreError as why:
            log.info("a subscriber begins without the store: %s", why)
        if newest >= 0:
            one.begin(newest)
        channel.send(Subscribed(newest))
        if LINES in one.topics:
            for line in self._lines():
                channel.send(LineChanged(line))
        settings = self._settings() if SETTINGS in one.topics else None
        if settings is not None:
            channel.send(settings)
        self.status_changed()

    def _wait(self, one: _Subscriber) -> None:
        with self._news:
            passages = one.passages_due and PASSAGES in one.topics
            if not (self._stop.is_set() or passages or one.newest or one.waiting):
                self._news.wait(1.0)

    def _send_waiting(self, channel: Channel, one: _Subscriber) -> None:
        with self._news:
            messages: list[object] = [Missed(topic, count) for topic, count in one.missed.items()]
            messages += [message for _, message in one.waiting]
            messages += one.newest.values()
            one.missed.clear()
            one.waiting.clear()
            one.newest.clear()
        for message in messages:
            channel.send(message)

    def _send_passages(self, channel: Channel, one: _Subscriber) -> None:
        """One page at most, so that the rest is not kept waiting."""
        if PASSAGES not in one.topics or not one.passages_due:
            return
        one.passages_due = False
        try:
            oldest, newest = self._passages.rows()
            one.begin(newest)  # if the store was not open at the beginning
            page = self._passages.after(one.row, PAGE)
        except StoreError as why:
            log.warning("passages cannot be read for a subscriber: %s", why)
            self._stop.wait(STORE_AGAIN_S)
            one.passages_due = True
            return
        if page and oldest > one.row + 1 and one.row > 0:
            channel.send(Missed(PASSAGES, oldest - one.row - 1))
        for event in page:
            try:
                channel.send(event)
            except PeerGone:
                raise
            except WireError as why:  # it exceeds the limit of one message
                log.error("passage %s is not pushed: %s", event.passage.id, why)
                channel.send(Missed(PASSAGES, 1))
            one.row = event.row
        one.passages_due = one.passages_due or len(page) == PAGE
