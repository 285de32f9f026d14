"""Waiting: encoded events that clients have not taken yet, each held once for all of them, within bounds of memory.

A client's queue holds MOST_EVENTS events: a further one pushes out the oldest that was not begun. All queues together hold
MOST_BYTES. Over that, the client that has taken nothing for longest is given up if that is STUCK_S or more; else the oldest
event that nobody has begun is taken out of all queues, but never the newest.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import field

from board.kit.dataclass import dataclass

MOST_EVENTS = 32
MOST_BYTES = 16_000_000
STUCK_S = 5.0


@dataclass(eq=False, slots=True)
class Event:
    """`plate`: for the display of what was sent; `answer`: it answers this one client, and is not left out."""

    frame: bytes
    plate: str = ""
    answer: bool = False
    holders: int = 0
    begun: int = 0
    """Of the holders: those that have some of its bytes."""


@dataclass(eq=False, slots=True)
class Queue:
    """One client's queue. `sent`: bytes of the first event; `took_s`: monotonic time at which the client last took something,
    or had nothing to take."""

    events: deque[Event] = field(default_factory=deque)
    sent: int = 0
    took_s: float = 0.0
    missed: int = 0
    """Number of events left out."""

    @property
    def answers(self) -> bool:
        """Whether an answer waits."""
        return any(event.answer for event in self.events)

    def rest(self, most: int) -> memoryview:
        """What to send next, from the first event."""
        return memoryview(self.events[0].frame)[self.sent : self.sent + most]


class Waiting:
    """Used by one thread. `give_up(queue)` ends a client that does not read; it calls `forget`."""

    def __init__(self, give_up: Callable[[Queue], None]) -> None:
        self._give_up = give_up
        self._events: dict[Event, None] = {}
        self._queues: set[Queue] = set()
        """Queues that hold something."""
        self.bytes = 0

    def put(self, event: Event, *queues: Queue) -> None:
        now_s = time.monotonic()
        for queue in queues:
            if len(queue.events) >= MOST_EVENTS:
                self._leave_out_oldest(queue)
            if not queue.events:
                queue.took_s = now_s
                self._queues.add(queue)
            queue.events.append(event)
            self._hold(event)
        self._bound(now_s)

    def took(self, queue: Queue, count: int) -> Event | None:
        """The client has taken that many bytes of the first event; returns the event if that was its end."""
        event = queue.events[0]
        event.begun += queue.sent == 0
        queue.sent += count
        queue.took_s = time.monotonic()
        if queue.sent < len(event.frame):
            return None
        event.begun -= 1
        self._take_out(queue, 0)
        queue.sent = 0
        return event

    def forget(self, queue: Queue) -> None:
        """The client is gone."""
        if queue.events and queue.sent:
            queue.events[0].begun -= 1
        queue.sent = 0
        while queue.events:
            self._take_out(queue, 0)

    def stuck(self, seconds: float) -> list[Queue]:
        """Queues whose clients have taken nothing for that long."""
        until_s = time.monotonic() - seconds
        return [queue for queue in self._queues if queue.took_s < until_s]

    def _bound(self, now_s: float) -> None:
        while self.bytes > MOST_BYTES and self._queues:
            stuck = min(self._queues, key=lambda queue: queue.took_s)
            if stuck.took_s > now_s - STUCK_S and self._leave_out_for_all():
                continue
            self._give_up(stuck)

    def _leave_out_oldest(self, queue: Queue) -> None:
        for place, event in enumerate(queue.events):
            if not event.answer and not (place == 0 and queue.sent):
                self._take_out(queue, place)
                queue.missed += 1
                return

    def _leave_out_for_all(self) -> bool:
        """Whether there was an event to leave out."""
        *older, _ = self._events
        found = next((event for event in older if not event.begun and not event.answer), None)
        if found is None:
            return False
        for queue in [each for each in self._queues if found in each.events]:
            self._take_out(queue, queue.events.index(found))
            queue.missed += 1
        return True

    def _hold(self, event: Event) -> None:
        event.holders += 1
        if event.holders == 1:
            self._events[event] = None
            self.bytes += len(event.frame)

    def _take_out(self, queue: Queue, place: int) -> None:
        event = queue.events[place]
        del queue.events[place]
        if not queue.events:
            self._queues.discard(queue)
        event.holders -= 1
        if not event.holders:
            del self._events[event]
            self.bytes -= len(event.frame)
