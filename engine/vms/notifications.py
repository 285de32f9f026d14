"""Notifications: chooses the passages that clients of ONVIF's event service and viewers of RTSP's metadata track get: every one as
it is stored, or those for which the service carries out the action ONVIF EVENT; each topic of a passage once.

The action hands over JSON: {"id": the event's, "notifications": [{"topic", "time", "source", "data", "operation"}]}, as
engine/formats/onvif.py makes them. The passage itself comes by the subscription, with its picture, a moment before or after.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import field
from functools import partial

from board.kit.dataclass import dataclass
from board.kit.from_json import from_json
from board.kit.loop import Loop
from engine.formats.onvif import CHOICES, MAKERS, Notification
from engine.types import PlateEvent

KNOWN = 500
"""Passages that are not sent twice: more than can come while the service repeats the delivery of one."""
KEPT = 20
"""Of those: passages kept whole, with their pictures, for an action that may follow."""

MOST_BYTES = 16_384
"""Notifications in one message."""

WAIT_S = 0.5
"""How long a message waits for its passage; the test of an action has none."""

Publish = Callable[[Sequence[Notification], str], Collection[str]]
"""Gets the notifications of a passage with its plate, returns the ids of the subscriptions that took some."""


@dataclass(eq=False, slots=True)
class _Passage:
    """`told`: topics already sent; `takers`: ids of subscriptions; `given`: topic -> what the action handed over; `asked`: its
    waiting messages, as topics and whom to answer."""

    event: PlateEvent | None = None
    picture: str = ""
    told: set[str] = field(default_factory=set)
    takers: set[str] = field(default_factory=set)
    given: dict[str, Notification] = field(default_factory=dict)
    asked: list[tuple[tuple[str, ...], Callable[[int], None]]] = field(default_factory=list)


class Notifications:
    """Used by the loop's thread. `publisher()`: who notifies the clients, None while there have been none; `viewers(make)` tells
    those of the metadata track what `make` makes, while there are some; `every()`: whether all passages are sent, not those of
    the action alone."""

    def __init__(
        self,
        loop: Loop,
        publisher: Callable[[], Publish | None],
        viewers: Callable[[Callable[[], Iterable[Notification]]], None],
        every: Callable[[], bool],
    ) -> None:
        self._loop = loop
        self._publisher = publisher
        self._viewers = viewers
        self._every = every
        self._passages: OrderedDict[str, _Passage] = OrderedDict()
        self._kept: deque[_Passage] = deque()

    def tell(self, event: PlateEvent, picture: str) -> None:
        """A passage with a plate, decided about. `picture`: path of its picture, "" without one."""
        one = self._known(event.passage.id)
        one.event, one.picture = event, picture
        self._kept.append(one)
        if len(self._kept) > KEPT:
            self._kept.popleft().event = None
        if self._every():
            self._to_clients(one, CHOICES["both"])
        self._carry_out(one)

    def take(self, body: bytes, answer: Callable[[int], None]) -> None:
        """One message of the action; `answer` soon gets the number of clients that are notified. ValueError says what is wrong
        with it."""
        event_id, given = _read(body)
        one = self._known(event_id)
        one.given.update(given)
        one.asked.append((tuple(given), answer))
        if one.event is not None or one.told:
            self._carry_out(one)
        else:
            self._loop.after(WAIT_S, partial(self._carry_out, one))

    def _carry_out(self, one: _Passage) -> None:
        asked, one.asked = one.asked, []
        for topics, answer in asked:
            self._to_clients(one, topics)
            answer(len(one.takers))
        one.given.clear()

    def _known(self, event_id: str) -> _Passage:
        one = self._passages.setdefault(event_id, _Passage())
        while len(self._passages) > KNOWN:
            self._passages.popitem(last=False)
        return one

    def _to_clients(self, one: _Passage, topics: Collection[str]) -> None:
        new = [topic for topic in topics if topic not in one.told]
        one.told.update(new)

        def made() -> list[Notification]:
            if one.event is None:
                return [one.given[topic] for topic in new]
            return [MAKERS[topic](one.event, one.picture) for topic in new]

        if new:
            self._viewers(made)
        publish = self._publisher()
        if publish is not None:
            one.takers.update(publish(made(), one.event.passage.plate if one.event is not None else ""))


def _read(body: bytes) -> tuple[str, dict[str, Notification]]:
    if len(body) > MOST_BYTES:
        raise ValueError(f"notifications of {len(body)} bytes")
    try:
        message = from_json(body)
        found = [Notification(**each) for each in message["notifications"]]
        return str(message["id"]), {each.topic: each for each in found}
    except (LookupError, TypeError) as why:
        raise ValueError(f"not notifications: {why!r}") from why
