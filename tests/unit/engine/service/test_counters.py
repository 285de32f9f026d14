"""Counters: what is shown at once, and how often the store is written."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from board.kit.errors import StoreError
from board.kit.words import Text
from engine.service.counters import Counters
from engine.store import Store
from engine.types import Counter
from tests.samples import new_store


class Bench:
    def __init__(self, folder: Path) -> None:
        self.clock = TestClock()
        self.store = new_store(folder, self.clock)
        self.open: Store | None = self.store
        self.reports: list[Text] = []
        self.counters = Counters(self.clock, lambda: self.open, self.reports.append)

    def shown(self) -> dict[str, int]:
        return {each.name: each.value for each in self.counters.shown() if each.value}

    def stored(self) -> dict[str, int]:
        return {each.name: each.value for each in self.store.counters().values()}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.store.close()


def test_a_flood_of_triggers_is_shown_at_once_and_written_once(bench: Bench) -> None:
    bench.counters.turn()
    for _ in range(20_004):
        bench.counters.add("Triggers received")
    assert (bench.shown(), bench.stored()) == ({"Triggers received": 20_004}, {})
    bench.counters.turn()
    bench.counters.add("Triggers received")
    assert (bench.shown(), bench.stored()) == ({"Triggers received": 20_005}, {"Triggers received": 20_004})


def test_frames_are_written_every_half_minute_and_at_the_end(bench: Bench) -> None:
    for total in (100, 107, 3):  # the engine before this service, seven more, a new engine
        bench.counters.frames_processed(total)
    bench.counters.turn()
    assert (bench.shown(), bench.stored()) == ({"Frames processed": 10}, {})
    bench.clock.advance(31)
    bench.counters.turn()
    assert bench.stored() == {"Frames processed": 10}
    bench.counters.frames_processed(4)
    bench.counters.keep()
    assert (bench.shown(), bench.stored()) == ({"Frames processed": 11}, {"Frames processed": 11})


def test_what_was_counted_before_the_store_opened_is_not_lost(bench: Bench) -> None:
    bench.open = None
    bench.counters.add("Triggers refused")
    bench.counters.keep()
    assert bench.shown() == {"Triggers refused": 1}
    bench.open = bench.store
    bench.counters.turn()
    assert bench.stored() == {"Triggers refused": 1}
    assert bench.store.counters()["Triggers refused"] == Counter("Triggers refused", 1, bench.clock.now())


def test_a_store_that_fails_is_reported_and_the_count_waits(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(name: str, by: int) -> None:
        raise StoreError("storage is full")

    bench.counters.add("Triggers received")
    with monkeypatch.context() as broken:
        broken.setattr(bench.store.counters, "add", full)
        bench.counters.turn()
    assert (bench.reports, bench.shown()) == ([Text("storage is full")], {"Triggers received": 1})
    bench.counters.turn()
    assert bench.stored() == {"Triggers received": 1}
