"""Subscribers: what is pushed over a real socket, what a slow subscriber costs, and how one goes on after a break."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import Clock
from board.kit.errors import StoreError
from board.kit.wire import Channel, Codec, connect
from board.kit.words import NOTHING, Text
from engine.messages import (
    DELIVERIES,
    LINES,
    LIVE,
    PASSAGES,
    SERVICE_MESSAGES,
    SETTINGS,
    STATUS,
    DeliveryEvent,
    LineChanged,
    LineState,
    LiveReads,
    Missed,
    Outcome,
    PassageEvent,
    ServerSettings,
    ServiceStatus,
    Subscribe,
    Subscribed,
    TestPassage,
)
from engine.service.hub import Hub
from engine.service.subscribers import MOST_SUBSCRIBERS, MOST_WAITING, Subscribers
from engine.subscription import Subscription
from engine.types import Delivery
from tests.samples import NOW, passage, server_settings
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("leak_free")

PATIENCE_S = 20.0
IDLE = ServiceStatus("STOPPED", None, None, (), (), None, NOTHING, (), NOTHING, None, -1, 50)


def delivery(number: int) -> Delivery:
    return Delivery(f"d{number}", "p1", 1, "io", "done", NOW, NOW, 1, NOW, NOW, Text("DO1 pulsed"))


class Bench:
    """A hub with subscribers, over rows that a test adds."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "service.sock"
        self.stored: list[PassageEvent] = []
        self.oldest = 1
        self.broken = False
        self.status = IDLE
        self.asked = 0
        self.line_states: tuple[LineState, ...] = (LineState("DI1", "input", True, None),)
        self.settings: ServerSettings | None = server_settings()
        self.open()

    def open(self) -> None:
        self.subscribers = Subscribers(self.now, lambda: self.line_states, lambda: self.settings, self)
        self.hub = Hub(self.socket, {}, lambda message: None, self.subscribers.serve)
        self.hub.start()
        self.subscribers.start()

    def close(self) -> None:
        self.subscribers.close()
        self.hub.close()

    def now(self) -> ServiceStatus:
        self.asked += 1
        return self.status

    def rows(self) -> tuple[int, int]:
        if self.broken:
            raise StoreError("the store is not open yet")
        return (self.oldest, self.stored[-1].row) if self.stored else (0, 0)

    def after(self, row: int, limit: int) -> Sequence[PassageEvent]:
        return [each for each in self.stored if each.row > row and each.row >= self.oldest][:limit]

    def store(self, count: int = 1) -> None:
        for _ in range(count):
            row = len(self.stored) + 1
            self.stored.append(PassageEvent(row, passage(id=f"p{row}"), (), ()))
        self.subscribers.passage_stored()

    def subscribe(self, *topics: str, after: int = -1, last: int = 0) -> Channel:
        channel = connect(self.socket, Codec(SERVICE_MESSAGES))
        channel.send(Subscribe(topics, after, last))
        return channel


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def take(channel: Channel, count: int) -> list[Any]:
    return [channel.receive(PATIENCE_S) for _ in range(count)]


def test_a_status_comes_at_once_each_second_and_on_change_and_nobody_is_asked_for_it_in_vain(bench: Bench) -> None:
    assert bench.asked == 0
    channel = bench.subscribe(STATUS)
    assert take(channel, 3) == [Subscribed(0), IDLE, IDLE]
    bench.status = ServiceStatus("TRIGGER", None, None, (), (), None, NOTHING, (), NOTHING, None, -1, 50)
    bench.subscribers.status_changed()
    until(lambda: channel.receive(PATIENCE_S) == bench.status, "the change")
    channel.close()


def test_only_what_was_subscribed_to_comes(bench: Bench) -> None:
    channel = bench.subscribe(LIVE)
    assert take(channel, 1) == [Subscribed(0)]
    bench.store()
    bench.subscribers.delivery(delivery(1))
    bench.subscribers.line(LineState("DO1", "output", True, NOW))
    bench.subscribers.live(LiveReads(7, ()))
    assert take(channel, 1) == [LiveReads(7, ())]
    assert channel.receive(0.2) is None
    channel.close()


def test_a_test_is_pushed_to_those_who_are_told_passages_and_is_no_resume_point(bench: Bench) -> None:
    told, other = bench.subscribe(PASSAGES), bench.subscribe(LINES)
    assert [take(told, 1), take(other, 1)] == [[Subscribed(0)], [Subscribed(0)]]
    take(other, 1)
    test = PassageEvent(0, passage("TEST", "t1"), (), ())
    bench.subscribers.test(test)
    assert take(told, 1) == [TestPassage(test)]
    bench.store()
    assert take(told, 1) == [bench.stored[0]]
    bench.subscribers.line(LineState("DI1", "input", False, None))
    assert take(other, 1) == [LineChanged(LineState("DI1", "input", False, None))]
    told.close()
    other.close()
    taken: list[object] = []
    following = Subscription(bench.socket, (PASSAGES,), taken.append, Clock())
    following.start()
    until(lambda: taken)
    bench.subscribers.test(test)
    until(lambda: TestPassage(test) in taken)
    assert following.after == 1
    following.close()


def test_lines_begin_with_their_present_state(bench: Bench) -> None:
    channel = bench.subscribe(LINES)
    assert take(channel, 2) == [Subscribed(0), LineChanged(bench.line_states[0])]
    changed = LineState("DI1", "input", False, NOW)
    bench.subscribers.line(changed)
    assert take(channel, 1) == [LineChanged(changed)]
    channel.close()


def test_passages_come_in_order_from_the_row_that_the_subscriber_has(bench: Bench) -> None:
    bench.store(53)
    channel = bench.subscribe(PASSAGES, after=2)
    assert take(channel, 1) == [Subscribed(53)]
    assert [event.row for event in take(channel, 51)] == list(range(3, 54))
    bench.store()
    assert take(channel, 1) == [bench.stored[-1]]
    channel.close()


def test_without_a_row_only_passages_from_now_on_come(bench: Bench) -> None:
    bench.store(3)
    for after in (-1, 99):  # 99: of a database that was there before
        channel = bench.subscribe(PASSAGES, after=after)
        assert take(channel, 1) == [Subscribed(len(bench.stored))]
        bench.store()
        assert take(channel, 1) == [bench.stored[-1]]
        channel.close()


def test_the_last_passages_come_first_where_that_is_asked(bench: Bench) -> None:
    bench.store(30)
    for after, rows in ((-1, [21, *range(22, 31)]), (28, [29, 30]), (99, list(range(21, 31)))):
        channel = bench.subscribe(PASSAGES, after=after, last=10)
        assert take(channel, 1) == [Subscribed(30)]
        assert [event.row for event in take(channel, len(rows))] == rows
        channel.close()


def test_settings_come_at_once_and_when_they_change(bench: Bench) -> None:
    channel = bench.subscribe(SETTINGS)
    assert take(channel, 2) == [Subscribed(0), server_settings()]
    bench.subscribers.settings(server_settings(snapshots_login=False))
    assert take(channel, 1) == [server_settings(snapshots_login=False)]
    channel.close()
    bench.settings = None
    channel = bench.subscribe(SETTINGS)
    assert take(channel, 1) == [Subscribed(0)]
    bench.subscribers.settings(server_settings())
    assert take(channel, 1) == [server_settings()]
    channel.close()


def test_passages_that_are_no_longer_stored_are_told_as_missed(bench: Bench) -> None:
    bench.store(9)
    bench.oldest = 6
    channel = bench.subscribe(PASSAGES, after=2)
    assert take(channel, 2) == [Subscribed(9), Missed(PASSAGES, 3)]
    assert [event.row for event in take(channel, 4)] == [6, 7, 8, 9]
    channel.close()


def test_a_store_that_cannot_be_read_for_a_while_costs_no_passage(bench: Bench) -> None:
    bench.store(2)
    bench.broken = True
    channel = bench.subscribe(PASSAGES, after=1)
    assert take(channel, 1) == [Subscribed(-1)]
    bench.broken = False
    assert [event.row for event in take(channel, 1)] == [2]
    channel.close()


def test_who_subscribed_while_the_store_was_closed_begins_where_he_wanted_to_once_it_is_open(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.service.subscribers.STORE_AGAIN_S", 0.05)
    bench.store(5)
    bench.broken = True
    channel = bench.subscribe(PASSAGES, last=2)
    assert take(channel, 1) == [Subscribed(-1)]
    bench.broken = False
    assert [event.row for event in take(channel, 2)] == [4, 5]
    bench.store()
    assert [event.row for event in take(channel, 1)] == [6]
    channel.close()


def test_a_subscriber_that_reads_nothing_holds_a_bounded_queue_and_is_told_what_it_missed(bench: Bench) -> None:
    slow, quick = bench.subscribe(DELIVERIES), bench.subscribe(DELIVERIES)
    assert take(slow, 1) + take(quick, 1) == [Subscribed(0), Subscribed(0)]
    total = 0
    while not any(one.missed for one in bench.subscribers._all):  # the kernel's buffer first takes some hundred
        for _ in range(20):
            total += 1
            bench.subscribers.delivery(delivery(total))
        take(quick, 20)
        assert max(len(one.waiting) for one in bench.subscribers._all) <= MOST_WAITING
    came: list[Any] = []
    while not came or came[-1] != DeliveryEvent(delivery(total)):
        came += take(slow, 1)
    missed = [each for each in came if isinstance(each, Missed)]
    assert {each.topic for each in missed} == {DELIVERIES}
    assert sum(each.count for each in missed) + len(came) - len(missed) == total
    numbers = [int(each.delivery.id[1:]) for each in came if isinstance(each, DeliveryEvent)]
    assert numbers == sorted(numbers)
    slow.close()
    quick.close()


def test_a_live_read_that_was_not_sent_yet_is_replaced_by_the_newest(bench: Bench) -> None:
    channel = bench.subscribe(LIVE)
    assert take(channel, 1) == [Subscribed(0)]
    for number in range(5000):
        bench.subscribers.live(LiveReads(number, ()))
    came = [-1]
    while came[-1] != 4999:
        came.append(take(channel, 1)[0].frame_seq)
    assert came == sorted(came)
    assert len(came) < 5000
    channel.close()


def test_one_that_went_away_is_forgotten_and_too_many_are_turned_away(bench: Bench) -> None:
    channels = [bench.subscribe(LIVE) for _ in range(MOST_SUBSCRIBERS)]
    assert [take(channel, 1) for channel in channels] == [[Subscribed(0)]] * MOST_SUBSCRIBERS
    assert take(bench.subscribe(LIVE), 1) == [Outcome(False, Text("too many subscribers"))]
    for channel in channels:
        channel.close()
    until(lambda: not bench.subscribers._all, "their places are free")
    last = bench.subscribe(LIVE)
    assert take(last, 1) == [Subscribed(0)]
    last.close()


def test_unknown_topics_are_refused(bench: Bench) -> None:
    for topics in ((), ("weather",)):
        answer = take(bench.subscribe(*topics), 1)[0]
        assert (answer.ok, str(answer.note)) == (False, "topics are status, live, passages, deliveries, lines, settings")


def test_a_subscription_goes_on_after_a_restart_of_the_service_without_losing_a_passage(bench: Bench) -> None:
    came: queue.Queue[Any] = queue.Queue()
    failed = threading.Event()

    def taken(message: Any) -> None:
        came.put(message)
        if isinstance(message, PassageEvent) and message.row == 2:
            failed.set()
            raise ValueError("a taker's own mistake")

    bench.store()
    subscription = Subscription(bench.socket, (PASSAGES,), taken, Clock())
    subscription.start()
    assert came.get(timeout=PATIENCE_S) == Subscribed(1)
    bench.store(2)
    assert [came.get(timeout=PATIENCE_S).row for _ in range(2)] == [2, 3]
    assert failed.is_set()
    bench.close()
    until(lambda: not subscription.connected, "the end of the connection")
    bench.store(2)
    bench.open()
    assert came.get(timeout=PATIENCE_S) == Subscribed(5)
    assert [came.get(timeout=PATIENCE_S).row for _ in range(2)] == [4, 5]
    until(lambda: subscription.after == 5, "the row that it has")
    subscription.close()
    assert not subscription.connected


def test_a_subscription_may_begin_before_the_service(tmp_path: Path) -> None:
    came: queue.Queue[Any] = queue.Queue()
    subscription = Subscription(tmp_path / "service.sock", (LINES,), came.put, Clock())
    subscription.start()
    made = Bench(tmp_path)
    assert [came.get(timeout=PATIENCE_S) for _ in range(2)] == [Subscribed(0), LineChanged(made.line_states[0])]
    subscription.close()
    made.close()


def test_a_subscription_whose_row_is_of_another_database_begins_at_the_newest(bench: Bench) -> None:
    bench.store(3)
    taken: list[Any] = []
    subscription = Subscription(bench.socket, (PASSAGES,), taken.append, Clock(), after=50)
    subscription.start()
    until(lambda: subscription.after == 3, "the newest row")
    bench.store()
    until(lambda: len(taken) == 2, "the next passage")
    assert [taken[0], taken[1].row, subscription.after] == [Subscribed(3), 4, 4]
    subscription.close()
