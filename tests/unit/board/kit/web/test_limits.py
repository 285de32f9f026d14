"""Limits: patience with slow clients, fair shares of threads, log lines about strangers."""

from __future__ import annotations

import logging
import threading

import pytest

from board.kit.web.limits import Complaints, Limits, Queue, streams_for


def test_patience_comes_back_with_what_moves_but_never_grows_beyond_its_measure() -> None:
    limits = Limits(threads=1, head_s=10, least_bytes_per_s=1000)
    assert limits.patience_s(10.0, 0) == 10.0
    assert limits.patience_s(2.0, 0) == 2.0
    assert limits.patience_s(2.0, 3000) == 5.0
    assert limits.patience_s(2.0, 5_000_000) == 10.0  # much at once is no credit for standing still afterwards


def test_the_oldest_whose_shares_have_room_is_taken_and_done_gives_them_back() -> None:
    queue: Queue[str] = Queue()
    for name, shares in (
        ("a1", (("a", 1),)),
        ("a2", (("a", 1),)),
        ("b1", (("b", 1), ("large", 1))),
        ("c1", (("large", 1),)),
        ("d", ()),
    ):
        queue.put(name, shares)
    taken = [queue.take() for _ in range(3)]
    assert [each[0] for each in taken if each] == ["a1", "b1", "d"]
    queue.done((("large", 1), ("b", 1)))
    assert queue.take() == ("c1", (("large", 1),))
    assert queue.remove("a2") is True
    assert queue.remove("a2") is False
    queue.done((("a", 1),))
    queue.put("a3", (("a", 1),))
    assert queue.take() == ("a3", (("a", 1),))


def test_a_thread_that_waits_for_work_gets_it_and_ends_with_the_queue() -> None:
    queue: Queue[str] = Queue()
    got: list[object] = []
    threads = [threading.Thread(target=lambda: got.append(queue.take())) for _ in range(2)]
    for thread in threads:
        thread.start()
    queue.put("work", ())
    while not got:
        pass
    queue.close()
    for thread in threads:
        thread.join(20)
    assert sorted(map(str, got)) == ["('work', ())", "None"]


def test_what_a_stranger_repeats_is_one_line_at_once_and_then_one_a_minute_with_its_count(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now = [1000.0]
    complaints = Complaints(logging.getLogger("test"), lambda: now[0])

    def said() -> list[str]:
        lines = [record.getMessage() for record in caplog.records]
        caplog.clear()
        return lines

    for _ in range(500):
        complaints.add("too slow", "10.0.0.5")
        complaints.turn()
    complaints.add("too slow", "10.0.0.6")
    assert said() == ["10.0.0.5: too slow", "10.0.0.6: too slow"]
    now[0] += 60
    complaints.turn()
    assert said() == ["10.0.0.5: too slow, 499 times more"]
    complaints.add("too slow", "10.0.0.6")
    assert said() == ["10.0.0.6: too slow"]  # that one had been quiet for a minute
    now[0] += 60
    complaints.turn()
    complaints.turn()
    assert said() == []


def test_many_addresses_do_not_fill_the_log_either(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    now = [1000.0]
    complaints = Complaints(logging.getLogger("test"), lambda: now[0])
    for number in range(5_000):
        complaints.add("too slow", f"10.1.{number // 256}.{number % 256}")
    assert len(caplog.records) == Complaints.MAX_KNOWN + 1


def test_a_small_board_has_streams_for_twenty_viewers_and_a_desktop_machine_for_a_hundred() -> None:
    assert streams_for(416 << 20) >= 2 * 20
    assert streams_for(1 << 30) < 2 * 100 <= streams_for(8 << 30)
