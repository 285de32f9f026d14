"""Events: delivers passages and lines to the clients of the event service, with the timer for those who wait."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial

from board.kit.clock import Clock
from board.kit.loop import Loop
from board.kit.people import AskHa1, CheckToken
from engine.formats.onvif import CHANGED, INITIALIZED, LINES, Notification
from engine.messages import LineState
from engine.vms.onvif.push import Consumers
from engine.vms.onvif.subscriptions import SECOND_NS, Event, Subscriptions, event_of


class Events:
    """Used by the loop's thread. `lines`: each line as it is now, by name, kept by the caller.

    Whoever changes `subscriptions` calls `arm` afterwards."""

    def __init__(self, loop: Loop, clock: Clock, lines: Mapping[str, LineState], consumers: Consumers) -> None:
        self._loop = loop
        self._clock = clock
        self._lines = lines
        self._armed: set[int] = set()
        """When pending timers go off, in monotonic ns."""
        self.consumers = consumers
        self.subscriptions = Subscriptions(self._states)

    def publish(self, notifications: Iterable[Notification], plate: str) -> frozenset[str]:
        """Delivers the notifications of one passage; returns the ids of the subscriptions that get some of them."""
        taken = [self.subscriptions.publish(event_of(each, plate)) for each in notifications]
        return frozenset[str]().union(*taken)

    def line(self, state: LineState) -> None:
        """A line has changed."""
        made = LINES[state.kind](state.name, state.active, state.changed_at or self._clock.now(), CHANGED)
        self.subscriptions.publish(event_of(made, is_property=True))

    def end(self) -> None:
        """Ends all subscriptions."""
        for one in self.subscriptions.all():
            self.subscriptions.end(one)

    def look_again(self, still: Callable[[AskHa1 | CheckToken, Callable[[bool], None]], None]) -> None:
        """Ends the subscriptions of device passwords and tokens that were removed. `still(whose, then)` tells `then` whether they
        are there."""
        for whose in {one.whose for one in self.subscriptions.all() if one.whose is not None}:
            still(whose, partial(self._still, whose))

    def _still(self, whose: AskHa1 | CheckToken, there: bool) -> None:
        if not there:
            for one in [each for each in self.subscriptions.all() if each.whose == whose]:
                self.subscriptions.end(one)

    def arm(self) -> None:
        """Makes sure that waits end in time: sets a timer if none of the pending ones goes off early enough."""
        next_ns = self.subscriptions.next_ns()
        if next_ns is not None and next_ns < min(self._armed, default=next_ns + 1):
            self._armed.add(next_ns)
            self._loop.after(max(0.0, (next_ns - self._clock.monotonic_ns()) / SECOND_NS), lambda: self._turn(next_ns))

    def _turn(self, armed_ns: int) -> None:
        self._armed.discard(armed_ns)
        self.subscriptions.turn(self._clock.monotonic_ns())
        self.arm()

    def _states(self) -> Iterator[Event]:
        now = self._clock.now()
        for state in self._lines.values():
            yield event_of(LINES[state.kind](state.name, state.active, now, INITIALIZED), is_property=True)
