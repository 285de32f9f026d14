"""Subscriptions: who wants which events until when, and their queues. Pure: the caller provides the time, and nothing here
waits.

Bounds: MOST subscriptions in all, MOST_OF_ADDRESS of one address; over that the least recently used one ends, and one whose
client waits last of all. MOST_EVENTS wait for each, as references to shared events; over that the oldest change of a line is
dropped, and the oldest plate only if there is none.
"""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field

from board.kit.dataclass import dataclass
from board.kit.people import AskHa1, CheckToken
from engine.formats.onvif import INITIALIZED, Notification
from engine.formats.onvif_xml import pieces
from engine.vms.onvif.filters import ContentTest, Item, TopicTest
from engine.vms.onvif.xml import Xml, tag

MOST = 32
MOST_OF_ADDRESS = 8
MOST_PUSHED = 8
"""Of MOST: subscriptions for which the camera connects to a consumer."""

MOST_EVENTS = 100
MOST_AT_ONCE = 50
"""Messages of one answer."""

SHORTEST_S = 10
LONGEST_S = 86_400
LONGEST_PUSHED_S = 3_600
"""Clients with Notify messages must log in at least this often: after that nothing more is sent with a token that was removed."""
USUAL_S = 600
"""Duration of a subscription whose client asks for none."""

LONGEST_PULL_S = 600

SECOND_NS = 1_000_000_000


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """An encoded notification, held once for all. `pieces`: engine/formats/onvif_xml.py; `plate`: for whoever shows what was sent;
    `key`: which property it is about, () for an event that is none."""

    topic: str
    pieces: tuple[str, ...]
    items: tuple[Item, ...]
    plate: str = ""
    key: tuple[str, ...] = ()
    initial: bool = False


def event_of(notification: Notification, plate: str = "", is_property: bool = False) -> Event:
    items = tuple(
        Item("ElementItem", name, "") if isinstance(value, Mapping) else Item("SimpleItem", name, str(value))
        for name, value in (*notification.source.items(), *notification.data.items())
    )
    key = (notification.topic, *notification.source.values()) if is_property else ()
    return Event(notification.topic, pieces(notification), items, plate, key, notification.operation == INITIALIZED)


def messages(events: Iterable[Event], base: str, manager: str = "") -> Xml:
    """The wsnt:NotificationMessage of each. `base`: the camera's address as the reader knows it; `manager`: the subscription's,
    told in each where it is not known otherwise."""
    opened = "<wsnt:NotificationMessage>"
    made = "".join(base.join(event.pieces) for event in events)
    if manager:
        made = made.replace(opened, opened + tag("wsnt:SubscriptionReference", tag("wsa:Address", manager)))
    return Xml(made)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a client asked for when it subscribed. `topics`, `content`: None for all; `changed_only`: no initial states."""

    topics: TopicTest | None = None
    content: ContentTest | None = None
    changed_only: bool = False

    def takes(self, event: Event) -> bool:
        return (
            (self.topics is None or self.topics(event.topic))
            and (self.content is None or self.content(event.items))
            and not (self.changed_only and event.initial)
        )


@dataclass(eq=False, slots=True)
class Pull:
    """A waiting PullMessages. `answer(events)`: called once; `waits()`: whether the client is still there."""

    most: int
    until_ns: int
    answer: Callable[[tuple[Event, ...]], None]
    waits: Callable[[], bool]


@dataclass(eq=False, slots=True)
class Subscription:
    """`who`, `address`: of the client; `whose`: its device password or token (engine/log_in.py); `lasts_ns`: what was granted last;
    `ends_ns`, `used_ns`: monotonic; `news()`: called when something was put into the queue of a subscription that is no pull point;
    `ended()`: when it is over, however."""

    id: str
    who: str
    address: str
    wish: Wish
    lasts_ns: int
    ends_ns: int
    used_ns: int
    news: Callable[[], None] | None = None
    ended: Callable[[], None] | None = None
    queue: deque[Event] = field(default_factory=deque)
    missed: int = 0
    pull: Pull | None = None
    whose: AskHa1 | CheckToken | None = None

    @property
    def is_pushed(self) -> bool:
        return self.news is not None

    @property
    def is_pulled(self) -> bool:
        """Whether a client waits here: it is in use, however long ago it asked."""
        return self.pull is not None and self.pull.waits()

    def put(self, event: Event) -> None:
        self.queue.append(event)
        if len(self.queue) > MOST_EVENTS:
            line = next((place for place, each in enumerate(self.queue) if each.key), 0)
            del self.queue[line]
            self.missed += 1

    def take(self, most: int) -> tuple[Event, ...]:
        return tuple(self.queue.popleft() for _ in range(min(most, len(self.queue))))


class PullPending(Exception):
    """Another PullMessages is waiting at this subscription."""


class Subscriptions:
    """Used by one thread. `states()`: the properties as they are now, as INITIALIZED events."""

    def __init__(self, states: Callable[[], Iterable[Event]]) -> None:
        self._states = states
        self._all: dict[str, Subscription] = {}

    def all(self) -> tuple[Subscription, ...]:
        return tuple(self._all.values())

    def add(
        self,
        who: str,
        address: str,
        wish: Wish,
        lasts_s: float,
        now_ns: int,
        news: Callable[[], None] | None = None,
        ended: Callable[[], None] | None = None,
        whose: AskHa1 | CheckToken | None = None,
    ) -> Subscription:
        """Creates one, with the states of the properties that it wants in its queue; beyond the bounds others end."""
        self._make_room(MOST_OF_ADDRESS, lambda each: each.address == address)
        if news is not None:
            self._make_room(MOST_PUSHED, lambda each: each.is_pushed)
        self._make_room(MOST, lambda each: True)
        lasts_ns = _granted_ns(lasts_s, news is not None)
        ends_ns = now_ns + lasts_ns
        made = Subscription(secrets.token_hex(12), who, address, wish, lasts_ns, ends_ns, now_ns, news, ended, whose=whose)
        self._all[made.id] = made
        self.synchronise(made)
        return made

    def find(self, id: str, who: str, now_ns: int) -> Subscription | None:
        """The one with that id, of this user, if it has not ended."""
        found = self._all.get(id)
        if found is None or found.who != who or found.ends_ns <= now_ns:
            return None
        found.used_ns = now_ns
        return found

    def newest(self, who: str, address: str, now_ns: int) -> Subscription | None:
        """The pull point that this client made last."""
        for each in reversed(self._all.values()):
            if (each.who, each.address, each.is_pushed) == (who, address, False) and each.ends_ns > now_ns:
                each.used_ns = now_ns
                return each
        return None

    def renew(self, one: Subscription, lasts_s: float, now_ns: int) -> None:
        one.lasts_ns = _granted_ns(lasts_s, one.is_pushed)
        one.ends_ns = now_ns + one.lasts_ns

    def end(self, one: Subscription) -> None:
        """A waiting pull is answered with nothing."""
        if self._all.pop(one.id, None) is None:
            return
        one.queue.clear()
        self._answer(one)
        if one.ended is not None:
            one.ended()

    def synchronise(self, one: Subscription) -> None:
        """Repeats the states of the properties that it wants."""
        for event in self._states():
            if one.wish.takes(event):
                one.put(event)
        self._tell(one)

    def publish(self, event: Event) -> frozenset[str]:
        """Queues the event for the subscriptions that want it; returns their ids."""
        takers = [each for each in self._all.values() if each.wish.takes(event)]
        for each in takers:
            each.put(event)
            self._tell(each)
        return frozenset(each.id for each in takers)

    def pull(
        self,
        one: Subscription,
        most: int,
        timeout_s: float,
        now_ns: int,
        answer: Callable[[tuple[Event, ...]], None],
        waits: Callable[[], bool] = lambda: True,
    ) -> None:
        """Calls `answer` with up to `most` events at once if there are some, else when one comes or after `timeout_s`.
        PullPending: another pull is waiting, and its client is still there."""
        if one.is_pulled:
            raise PullPending
        one.pull = None
        timeout_ns = round(max(0.0, min(timeout_s, LONGEST_PULL_S)) * SECOND_NS)
        one.ends_ns = max(one.ends_ns, now_ns + timeout_ns + max(timeout_ns, one.lasts_ns))
        one.pull = Pull(max(1, min(most, MOST_AT_ONCE)), now_ns + timeout_ns, answer, waits)
        self._tell(one)
        if not timeout_ns:
            self._answer(one)

    def turn(self, now_ns: int) -> None:
        """Answers pulls whose time is up, and removes subscriptions that have ended."""
        for one in list(self._all.values()):
            if one.pull is not None and one.pull.until_ns <= now_ns:
                self._answer(one)
            if one.ends_ns <= now_ns:
                self.end(one)

    def next_ns(self) -> int | None:
        """When `turn` is due; None while nothing is."""
        return min(
            (min(one.ends_ns, one.pull.until_ns) if one.pull is not None else one.ends_ns for one in self._all.values()),
            default=None,
        )

    def _tell(self, one: Subscription) -> None:
        if not one.queue:
            return
        if one.news is not None:
            one.news()
        elif one.pull is not None and not one.pull.waits():
            one.pull = None  # its client is gone: the events wait for the next one
        else:
            self._answer(one)

    def _answer(self, one: Subscription) -> None:
        """Answers the waiting pull, if any, with what there is."""
        pull, one.pull = one.pull, None
        if pull is not None:
            pull.answer(one.take(pull.most))

    def _make_room(self, most: int, counts: Callable[[Subscription], bool]) -> None:
        group = [each for each in self._all.values() if counts(each)]
        if len(group) >= most:
            self.end(min(group, key=lambda each: (each.is_pulled, each.used_ns)))


def _granted_ns(lasts_s: float, pushed: bool) -> int:
    return round(max(SHORTEST_S, min(lasts_s, LONGEST_PUSHED_S if pushed else LONGEST_S)) * SECOND_NS)
