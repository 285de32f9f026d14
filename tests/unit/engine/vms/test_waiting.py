"""Waiting: what is left out, who is given up, and that bytes are counted once however many wait for them."""

from __future__ import annotations

import time

import pytest

from engine.vms import waiting
from engine.vms.waiting import MOST_BYTES, MOST_EVENTS, STUCK_S, Event, Queue, Waiting


class Bench:
    def __init__(self) -> None:
        self.given_up: list[Queue] = []
        self.waiting = Waiting(self._give_up)

    def _give_up(self, queue: Queue) -> None:
        self.given_up.append(queue)
        self.waiting.forget(queue)

    def take_all(self, queue: Queue) -> list[str]:
        found = []
        while queue.events:
            event = self.waiting.took(queue, len(queue.rest(10)))
            found += [event.plate] if event else []
        return found


@pytest.fixture
def bench() -> Bench:
    return Bench()


def event(name: str, size: int = 25) -> Event:
    return Event(b"x" * size, name)


def test_an_event_is_held_once_for_all_and_until_the_last_one_has_it(bench: Bench) -> None:
    queues = [Queue() for _ in range(100)]
    bench.waiting.put(event("A", 1000), *queues)
    assert bench.waiting.bytes == 1000
    for queue in queues[1:]:
        assert bench.take_all(queue) == ["A"]
    assert bench.waiting.bytes == 1000
    bench.waiting.took(queues[0], 400)
    assert len(queues[0].rest(5000)) == 600
    bench.waiting.forget(queues[0])
    assert bench.waiting.bytes == 0


def test_a_full_queue_loses_the_oldest_that_was_not_begun(bench: Bench) -> None:
    slow, fast = Queue(), Queue()
    for number in range(MOST_EVENTS):
        bench.waiting.put(event(f"E{number}"), slow)
    bench.waiting.took(slow, 10)
    for number in range(MOST_EVENTS, MOST_EVENTS + 3):
        bench.waiting.put(event(f"E{number}"), slow, fast)
    assert slow.missed == 3
    assert fast.missed == 0
    assert bench.take_all(fast) == ["E32", "E33", "E34"]
    assert bench.take_all(slow) == ["E0", *(f"E{number}" for number in range(4, 35))]
    assert bench.waiting.bytes == 0


def test_answers_are_never_left_out(bench: Bench) -> None:
    queue = Queue()
    bench.waiting.put(Event(b"answer", answer=True), queue)
    assert queue.answers
    for number in range(MOST_EVENTS):
        bench.waiting.put(event(f"E{number}"), queue)
    assert (queue.missed, queue.events[0].frame, queue.events[1].plate) == (1, b"answer", "E1")


def test_over_the_limit_of_all_the_oldest_that_nobody_has_begun_goes(bench: Bench) -> None:
    queues = [Queue() for _ in range(3)]
    size = MOST_BYTES // 4
    for number in range(4):
        bench.waiting.put(event(f"E{number}", size), *queues)
    bench.waiting.took(queues[0], 1)
    bench.waiting.put(event("E4", size), *queues)
    assert [[each.plate for each in queue.events] for queue in queues] == [["E0", "E2", "E3", "E4"]] * 3
    assert (bench.waiting.bytes, bench.given_up, [queue.missed for queue in queues]) == (4 * size, [], [1, 1, 1])


def test_over_the_limit_who_has_taken_nothing_for_long_is_given_up_first(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    silent, reading = Queue(), Queue()
    size = MOST_BYTES // 4
    for number in range(4):
        bench.waiting.put(event(f"E{number}", size), silent)
    now_s = time.monotonic() + STUCK_S + 1
    monkeypatch.setattr(waiting.time, "monotonic", lambda: now_s)
    bench.waiting.put(event("E4", size), silent, reading)
    assert (bench.given_up, bench.waiting.bytes) == ([silent], size)
    assert [each.plate for each in reading.events] == ["E4"]


def test_when_all_is_begun_the_one_who_took_something_longest_ago_is_given_up(bench: Bench) -> None:
    size = MOST_BYTES // 3 + 1
    queues = [Queue() for _ in range(3)]
    for number, queue in enumerate(queues):
        bench.waiting.put(event(f"E{number}", size), queue)
        if bench.given_up:
            break
        bench.waiting.took(queue, 1)
    assert (bench.given_up, bench.waiting.bytes) == ([queues[0]], 2 * size)


def test_who_takes_nothing_is_stuck_after_a_while_and_who_has_nothing_to_take_never(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle, silent, slow = Queue(), Queue(), Queue()
    bench.waiting.put(event("A"), idle, silent, slow)
    bench.take_all(idle)
    start_s = time.monotonic()
    monkeypatch.setattr(waiting.time, "monotonic", lambda: start_s + 200)
    bench.waiting.took(slow, 1)
    monkeypatch.setattr(waiting.time, "monotonic", lambda: start_s + 301)
    assert bench.waiting.stuck(300) == [silent]
    bench.waiting.put(event("B"), idle)
    assert bench.waiting.stuck(300) == [silent]
