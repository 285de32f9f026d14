"""Passages that the service has not confirmed: what the next engine finds of them, and how old that counts."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from engine.reading import unstored as module
from engine.reading.passages.sights import known_at_start
from engine.reading.unstored import FRESH_NS, HEAD, NEVER_NS, PLACE_BYTES, PLACES, Unstored
from engine.types import Passage
from tests.samples import passage

ROOT = Path(__file__).parents[4]


@pytest.fixture
def clock() -> TestClock:
    made = TestClock()
    made.advance(3600)
    return made


def car(clock: TestClock, name: str = "p1") -> Passage:
    return passage("HK55EVB", id=name, at=clock.now(), monotonic_ns=clock.monotonic_ns())


def test_what_was_not_confirmed_is_found_by_the_next_engine_as_it_was_and_the_rest_is_not(tmp_path: Path, clock: TestClock) -> None:
    before = Unstored(tmp_path / "unstored", clock)
    first, second = car(clock, "p1"), car(clock, "p2")
    before.keep(first)
    before.keep(second)
    before.drop("p1")
    before.close()
    clock.advance(2)
    after = Unstored(tmp_path / "unstored", clock)
    assert list(after.found) == after.fresh() == [second]
    after.drop("p2")
    assert list(Unstored(tmp_path / "unstored", clock).found) == []


def test_it_outlives_a_killed_process(tmp_path: Path) -> None:
    script = (
        "import os, signal; from pathlib import Path; from board.kit.clock import Clock; from tests.samples import passage;"
        "from engine.reading.unstored import Unstored;"
        f"Unstored(Path({str(tmp_path / 'unstored')!r}), Clock()).keep(passage('HK55EVB', id='p1'));"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == -9
    assert [one.id for one in Unstored(tmp_path / "unstored", TestClock()).found] == ["p1"]


def test_a_passage_that_waited_too_long_is_still_told_and_can_open_nothing(tmp_path: Path, clock: TestClock) -> None:
    Unstored(tmp_path / "unstored", clock).keep(car(clock))
    clock.advance(FRESH_NS / 1e9)
    after = Unstored(tmp_path / "unstored", clock)
    assert after.fresh() == []
    assert [clock.monotonic_ns() - one.monotonic_ns for one in after.found] == [NEVER_NS]


def test_after_another_boot_it_can_open_nothing_though_the_clocks_agree(
    tmp_path: Path, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    Unstored(tmp_path / "unstored", clock).keep(car(clock))
    monkeypatch.setattr(module, "boot_id", lambda: "another")
    after = Unstored(tmp_path / "unstored", clock)
    assert (after.fresh(), [one.id for one in after.found]) == ([], ["p1"])
    assert clock.monotonic_ns() - after.found[0].monotonic_ns == NEVER_NS


def test_a_car_whose_passage_is_on_its_way_is_known_and_is_not_read_again(tmp_path: Path, clock: TestClock) -> None:
    Unstored(tmp_path / "unstored", clock).keep(car(clock))
    clock.advance(1)
    known = known_at_start(Unstored(tmp_path / "unstored", clock).fresh(), tmp_path / "sights.json", clock)
    assert known.accepted == ("HK55EVB",)


def test_more_than_there_are_places_for_are_kept_in_memory_alone(tmp_path: Path, clock: TestClock) -> None:
    before = Unstored(tmp_path / "unstored", clock)
    for number in range(PLACES + 1):
        before.keep(car(clock, f"p{number}"))
    before.drop("p7")
    before.keep(car(clock, "one more"))
    found = {one.id for one in Unstored(tmp_path / "unstored", clock).found}
    assert (len(found), f"p{PLACES}" in found, "p7" in found, "one more" in found) == (PLACES, False, False, True)


def test_a_passage_that_is_too_long_for_a_place_harms_nobody(tmp_path: Path, clock: TestClock) -> None:
    before = Unstored(tmp_path / "unstored", clock)
    before.keep(passage("A1", id="long", trigger_cause="x" * PLACE_BYTES))
    before.keep(car(clock))
    assert [one.id for one in Unstored(tmp_path / "unstored", clock).found] == ["p1"]


@pytest.mark.parametrize(
    "damage", [bytes(range(64)), HEAD.pack(5, 0) + b"12345", HEAD.pack(PLACE_BYTES * 2, 1)], ids=["noise", "checksum", "length"]
)
def test_a_damaged_place_is_an_empty_one(tmp_path: Path, clock: TestClock, damage: bytes) -> None:
    (tmp_path / "unstored").write_bytes(damage)
    after = Unstored(tmp_path / "unstored", clock)
    assert list(after.found) == []
    after.keep(car(clock))
    assert [one.id for one in Unstored(tmp_path / "unstored", clock).found] == ["p1"]


def test_without_a_file_the_engine_goes_on(tmp_path: Path, clock: TestClock, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").touch()
    without = Unstored(tmp_path / "file" / "unstored", clock)
    without.keep(car(clock))
    without.drop("p1")
    without.close()
    assert "passages that wait for the service would not outlive the engine" in caplog.text


def test_the_oldest_is_told_first(tmp_path: Path, clock: TestClock) -> None:
    before = Unstored(tmp_path / "unstored", clock)
    late = car(clock, "late")
    before.keep(late)
    before.keep(passage("A1", id="early", at=clock.now() - timedelta(seconds=1), monotonic_ns=late.monotonic_ns - 1_000_000_000))
    assert [one.id for one in Unstored(tmp_path / "unstored", clock).found] == ["early", "late"]
