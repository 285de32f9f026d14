"""Passages in: one after the other, but none behind a storage that stalls."""

from __future__ import annotations

import threading

import pytest

from board.kit.errors import WireError
from engine.service import passages_in
from engine.service.passages_in import MOST, PassagesIn
from engine.types import Passage
from tests.samples import passage
from tests.waiting import until


class Storage:
    """Takes a passage once nothing stalls."""

    def __init__(self) -> None:
        self.goes_on = threading.Event()
        self.asked: list[str] = []
        self.stored: list[str] = []

    def take(self, one: Passage) -> None:
        self.asked.append(one.id)
        if one.plate == "ODD":
            raise ValueError("an error of ours")
        assert self.goes_on.wait(20)
        self.stored.append(one.id)


def test_as_long_as_the_storage_keeps_up_each_is_stored_before_the_next_one_is_taken() -> None:
    storage = Storage()
    storage.goes_on.set()
    passages = PassagesIn(storage.take)
    for number in range(50):
        passages.take(passage(id=f"p{number}"))
        assert len(storage.stored) == number + 1
    assert passages.oldest_s() == 0


def test_the_car_behind_waits_for_no_storage_that_stalls_and_a_repeated_passage_comes_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages_in, "PATIENCE_S", 0.01)
    storage = Storage()
    passages = PassagesIn(storage.take)
    for name in ("p1", "p2", "p1", "p2"):
        passages.take(passage(id=name))
    until(lambda: len(storage.asked) > 1, "the second one")
    assert storage.asked == ["p1", "p2"]
    assert passages.oldest_s() > 0
    for number in range(MOST):
        passages.take(passage(id=f"more{number}"))
    until(lambda: len(storage.asked) >= MOST, "as many as may")
    assert len(storage.asked) == MOST
    storage.goes_on.set()
    until(lambda: passages.oldest_s() == 0, "the end of the stall")
    assert sorted(storage.stored) == sorted(storage.asked)


def test_of_many_cars_that_come_at_once_the_last_waits_no_longer_than_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passages_in, "PATIENCE_S", 0.01)
    storage = Storage()
    passages = PassagesIn(storage.take)
    passages.take(passage(id="p1"))
    monkeypatch.setattr(passages_in, "PATIENCE_S", 60)
    behind = threading.Thread(target=lambda: [passages.take(passage(id=f"p{number}")) for number in (2, 3, 4)])
    behind.start()
    behind.join(20)
    assert not behind.is_alive()
    storage.goes_on.set()
    until(lambda: passages.oldest_s() == 0, "the end of the stall")


def test_an_error_of_ours_costs_no_other_passage() -> None:
    storage = Storage()
    storage.goes_on.set()
    passages = PassagesIn(storage.take)
    for one in (passage("ODD", id="p1"), passage(id="p2"), passage("ODD", id="p1")):
        passages.take(one)
    assert (storage.asked, storage.stored) == (["p1", "p2", "p1"], ["p2"])


def test_an_engine_that_goes_away_meanwhile_is_no_error_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    def take(one: Passage) -> None:
        raise WireError("no engine is connected")

    PassagesIn(take).take(passage())
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_where_the_camera_can_start_no_thread_a_passage_is_taken_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was never taken any more, and those behind it were thought to wait for it."""
    storage = Storage()
    storage.goes_on.set()
    passages = PassagesIn(storage.take)
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", no_thread)
        passages.take(passage(id="p1"))
    passages.take(passage(id="p2"))
    assert (storage.stored, passages.oldest_s()) == (["p1", "p2"], 0)


def no_thread(thread: threading.Thread) -> None:
    raise RuntimeError("can't start new thread")
