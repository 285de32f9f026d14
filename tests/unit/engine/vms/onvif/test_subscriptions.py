"""Subscriptions with the time given: what they begin with, how long they last, what waits for whom, and whom the bounds end."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from engine.formats.onvif import INITIALIZED, detector, digital_input, recognition, relay
from engine.vms.onvif.filters import content_test, topic_test
from engine.vms.onvif.subscriptions import (
    LONGEST_PUSHED_S,
    LONGEST_S,
    MOST,
    MOST_EVENTS,
    MOST_OF_ADDRESS,
    MOST_PUSHED,
    SECOND_NS,
    SHORTEST_S,
    Event,
    PullPending,
    Subscription,
    Subscriptions,
    Wish,
    event_of,
    messages,
)
from tests.samples import event

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
T0 = 1_000 * SECOND_NS
ALL = Wish()


def plate(number: int = 0) -> Event:
    return event_of(recognition(event(f"PLATE{number}")), f"PLATE{number}")


def change(active: bool = True) -> Event:
    return event_of(digital_input("DI1", active, AT), is_property=True)


class Desk:
    """Subscriptions of a camera with an input and an output, and what pulls were answered."""

    def __init__(self) -> None:
        self.now_ns = T0
        self.all = Subscriptions(self._states)
        self.answers: list[tuple[Event, ...]] = []
        self.there = True

    def _states(self) -> Iterator[Event]:
        yield event_of(digital_input("DI1", False, AT, INITIALIZED), is_property=True)
        yield event_of(relay("DO1", True, AT, INITIALIZED), is_property=True)

    def add(self, wish: Wish = ALL, lasts_s: float = 60, address: str = "10.0.0.1", who: str = "VMS") -> Subscription:
        return self.all.add(who, address, wish, lasts_s, self.now_ns)

    def pull(self, one: Subscription, timeout_s: float = 60, most: int = 10) -> None:
        self.all.pull(one, most, timeout_s, self.now_ns, self.answers.append, lambda: self.there)

    def later(self, seconds: float) -> None:
        self.now_ns += round(seconds * SECOND_NS)
        self.all.turn(self.now_ns)


@pytest.fixture
def desk() -> Desk:
    return Desk()


QUIET = Wish(changed_only=True)


def test_a_subscription_begins_with_the_states_that_it_wants(desk: Desk) -> None:
    desk.pull(desk.add())
    assert [(each.topic, each.initial) for each in desk.answers[0]] == [
        ("Device/Trigger/DigitalInput", True),
        ("Device/Trigger/Relay", True),
    ]
    desk.pull(desk.add(Wish(topic_test("tns1:Device/Trigger/Relay", {}))))
    assert [each.topic for each in desk.answers[1]] == ["Device/Trigger/Relay"]
    assert len(desk.add(QUIET).queue) == 0


def test_what_waits_is_answered_at_once_and_no_more_than_was_asked_for(desk: Desk) -> None:
    one = desk.add(QUIET)
    sent = [plate(number) for number in range(5)]
    for each in sent:
        assert desk.all.publish(each) == {one.id}
    desk.pull(one, most=2)
    desk.pull(one, most=1_000_000)
    assert desk.answers == [(sent[0], sent[1]), (sent[2], sent[3], sent[4])]


def test_a_pull_waits_for_an_event_or_for_its_time_and_the_next_event_is_for_the_next_pull(desk: Desk) -> None:
    one = desk.add(QUIET)
    desk.pull(one, timeout_s=5)
    desk.later(4.9)
    assert desk.answers == []
    desk.all.publish(first := plate(1))
    desk.all.publish(second := plate(2))
    assert desk.answers == [(first,)]
    desk.pull(one)
    assert desk.answers == [(first,), (second,)]
    desk.pull(one, timeout_s=5)
    desk.later(5)
    assert desk.answers[2:] == [()]
    desk.pull(one, timeout_s=0)
    assert desk.answers[3:] == [()]


def test_a_second_pull_is_refused_while_the_first_ones_client_is_there(desk: Desk) -> None:
    one = desk.add(QUIET)
    desk.pull(one)
    with pytest.raises(PullPending):
        desk.pull(one)
    desk.there = False
    desk.pull(one)
    desk.there = True
    desk.all.publish(sent := plate())
    assert desk.answers == [(sent,)]


def test_an_event_for_a_client_that_is_gone_waits_for_its_next_pull(desk: Desk) -> None:
    one = desk.add(QUIET)
    desk.pull(one)
    desk.there = False
    desk.all.publish(sent := plate())
    assert desk.answers == []
    desk.there = True
    desk.pull(one)
    assert desk.answers == [(sent,)]


def test_it_ends_when_nobody_renews_and_each_pull_makes_it_last(desk: Desk) -> None:
    one = desk.add(lasts_s=60)
    desk.later(59)
    assert desk.all.find(one.id, "VMS", desk.now_ns) is one
    desk.pull(one, timeout_s=0)
    desk.later(59)
    assert desk.all.find(one.id, "VMS", desk.now_ns) is one
    desk.later(2)
    assert desk.all.find(one.id, "VMS", desk.now_ns) is None
    assert len(desk.all.all()) == 0


def test_a_pull_that_waits_longer_than_the_subscription_lasts_is_not_cut_and_leaves_its_timeout_again(desk: Desk) -> None:
    one = desk.add(QUIET, lasts_s=SHORTEST_S)
    desk.pull(one, timeout_s=120)
    desk.later(119)
    assert desk.answers == []
    desk.later(1)
    assert desk.answers == [()]
    desk.later(119)
    assert desk.all.find(one.id, "VMS", desk.now_ns) is one


@pytest.mark.parametrize(("asked_s", "granted_s"), [(600, 600), (1, SHORTEST_S), (1e12, LONGEST_S)])
def test_renew_counts_from_now_within_bounds(desk: Desk, asked_s: float, granted_s: float) -> None:
    one = desk.add(lasts_s=3600)
    desk.later(100)
    desk.all.renew(one, asked_s, desk.now_ns)
    assert one.ends_ns - desk.now_ns == granted_s * SECOND_NS


def test_an_ended_one_answers_its_pull_and_gets_nothing_any_more(desk: Desk) -> None:
    one = desk.add(QUIET)
    desk.pull(one)
    desk.all.end(one)
    desk.all.end(one)
    assert desk.answers == [()]
    assert desk.all.publish(plate()) == frozenset()


def test_a_synchronisation_point_repeats_the_states(desk: Desk) -> None:
    one = desk.add()
    one.queue.clear()
    desk.pull(one)
    desk.all.synchronise(one)
    assert [each.initial for each in desk.answers[0] + tuple(one.queue)] == [True, True]


def test_only_what_was_wished_for_comes(desk: Desk) -> None:
    wish = Wish(
        topic_test("tns1:RuleEngine//.", {}), content_test('boolean(//tt:SimpleItem[@Name="Label" and @Value="Blacklisted"])')
    )
    one = desk.add(wish)
    assert desk.all.publish(event_of(recognition(event(role="white")))) == frozenset()
    assert desk.all.publish(event_of(recognition(event(role="black")))) == {one.id}
    assert desk.all.publish(change()) == frozenset()


def test_of_a_full_queue_changes_of_lines_go_first_and_then_the_oldest_plates(desk: Desk) -> None:
    one = desk.add(QUIET)
    plates = [plate(number) for number in range(MOST_EVENTS + 1)]
    desk.all.publish(plates[0])
    for _ in range(3 * MOST_EVENTS):
        desk.all.publish(change())
    assert (one.queue[0], len(one.queue)) == (plates[0], MOST_EVENTS)
    for each in plates[1:]:
        desk.all.publish(each)
    assert list(one.queue) == plates[1:]


def test_over_the_bound_of_an_address_its_own_longest_unused_one_goes(desk: Desk) -> None:
    other = desk.add(address="10.0.0.2")
    mine = [desk.add() for _ in range(MOST_OF_ADDRESS)]
    desk.later(1)
    desk.all.find(mine[0].id, "VMS", desk.now_ns)
    desk.add()
    known = [each for each in (other, *mine) if desk.all.find(each.id, "VMS", desk.now_ns)]
    assert known == [other, mine[0], *mine[2:]]


def test_a_client_that_waits_keeps_its_subscription_though_another_one_at_its_address_makes_many(desk: Desk) -> None:
    """A program that subscribes anew every few seconds, and ends none, took the events of a recorder that pulls for a minute."""
    waits = desk.add(QUIET)
    desk.pull(waits)
    for _ in range(2 * MOST_OF_ADDRESS):
        desk.later(1)
        desk.add()
    desk.all.publish(plate())
    assert [len(each) for each in desk.answers] == [1]
    desk.pull(waits)
    desk.there = False  # who has gone without a word waits no longer
    for _ in range(MOST_OF_ADDRESS):
        desk.later(1)
        desk.add()
    assert desk.all.find(waits.id, "VMS", desk.now_ns) is None


def test_over_the_bound_in_all_the_longest_unused_one_goes(desk: Desk) -> None:
    made = [desk.add(address=f"10.0.1.{number}") for number in range(MOST)]
    desk.add(address="10.0.2.1")
    assert len(desk.all.all()) == MOST
    assert desk.all.find(made[0].id, "VMS", desk.now_ns) is None


def test_consumers_have_a_bound_of_their_own(desk: Desk) -> None:
    ended: list[int] = []
    for number in range(MOST_PUSHED + 1):
        desk.all.add("VMS", f"10.0.1.{number}", QUIET, 60, T0, lambda: None, lambda number=number: ended.append(number))  # type: ignore[misc]
    assert ended == [0]


def test_who_is_sent_messages_must_renew_more_often(desk: Desk) -> None:
    one = desk.all.add("VMS", "10.0.0.1", QUIET, LONGEST_S, T0, lambda: None)
    assert one.ends_ns - T0 == LONGEST_PUSHED_S * SECOND_NS
    desk.all.renew(one, LONGEST_S, T0)
    assert one.ends_ns - T0 == LONGEST_PUSHED_S * SECOND_NS


def test_a_subscription_is_its_users_alone(desk: Desk) -> None:
    one = desk.add(who="VMS")
    assert desk.all.find(one.id, "other", desk.now_ns) is None
    assert desk.all.newest("other", "10.0.0.1", desk.now_ns) is None
    assert desk.all.newest("VMS", "10.0.0.9", desk.now_ns) is None
    assert desk.all.newest("VMS", "10.0.0.1", desk.now_ns) is one


def test_the_next_turn_is_when_somebody_is_to_be_answered_or_ends(desk: Desk) -> None:
    assert desk.all.next_ns() is None
    one = desk.add(QUIET, lasts_s=60)
    assert desk.all.next_ns() == T0 + 60 * SECOND_NS
    desk.pull(one, timeout_s=20)
    assert desk.all.next_ns() == T0 + 20 * SECOND_NS
    desk.all.renew(one, 10, T0)
    assert desk.all.next_ns() == T0 + 10 * SECOND_NS


def test_events_are_shared_and_each_reader_gets_the_address_that_it_knows(desk: Desk) -> None:
    first, second = desk.add(QUIET), desk.add(QUIET, address="10.0.0.2")
    desk.all.publish(event_of(recognition(event(), "/LPR/1.jpg")))
    assert first.queue[0] is second.queue[0]
    assert 'Value="http://a:8080/LPR/1.jpg"' in messages(first.queue, "http://a:8080")
    pushed = messages(event_and_older(), "http://b", "http://b/onvif/event_service/1")
    assert pushed.count("<wsnt:SubscriptionReference><wsa:Address>http://b/onvif/event_service/1<") == 2


def event_and_older() -> tuple[Event, Event]:
    return event_of(recognition(event(), "/LPR/1.jpg")), event_of(detector(event(), "/LPR/1.jpg"))
