"""Card pictures: pictures go to the SD card, stay in the camera while it does not take them, and are deleted there."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from board.kit.words import NOTHING, Text
from engine.card_files import FOLDER, CardFiles
from engine.service import card_pictures as module
from engine.service.card_pictures import CardPictures
from engine.service.retention import Retention, free_space_pct
from engine.settings import GeneralSettings
from engine.settings.general import SD_CARD
from engine.store import PassageQuery, Store
from engine.stored_pictures import StoredPictures
from engine.types import Delivery, PassageImages
from tests.samples import NOW, new_store, passage

DAY_S = 86_400
ON_CARD = GeneralSettings(store_images_on=SD_CARD)


class Bench:
    """A camera with a passage a day, each with a whole picture and one of its plate; the card is a folder or a mount."""

    def __init__(self, folder: Path, card: Path, days: int = 3) -> None:
        self.clock = TestClock()
        self.store: Store = new_store(folder, self.clock)
        self.store.settings.put(ON_CARD, "admin")
        self.card: Path | None = card
        self.pictures = StoredPictures(folder / "images", CardFiles(card, "gw-1"))
        self.free_pct = 50.0
        self.jobs = CardPictures(self.store, self.pictures, lambda: self.card, self.clock, lambda path: self.free_pct)
        for day in range(days):
            self.add(day)
        self.clock.advance(days * DAY_S)

    def add(self, day: int, size: int = 10, waits: bool = False, at: datetime | None = None) -> None:
        at = at or NOW + timedelta(days=day)
        names = [f"{at:%Y/%m/%d}/p{day}-{which}.jpg" for which in ("full", "plate")]
        for name in names:
            (self.pictures.own / name).parent.mkdir(parents=True, exist_ok=True)
            (self.pictures.own / name).write_bytes(b"%d" % day * size)
        waiting = [Delivery("d", f"p{day}", 1, "http", "pending", at, at, 0, at, None, NOTHING)] if waits else []
        self.store.add_passage(passage(id=f"p{day}", at=at, images=PassageImages(*names)), waiting)

    def here(self) -> list[str]:
        return sorted(path.stem for path in self.pictures.own.rglob("*.jpg"))

    def there(self) -> list[str]:
        assert self.pictures.card is not None
        return sorted(Path(name).stem for name in self.pictures.card.all())

    def read(self, day: int) -> bytes:
        stored = self.store.passages.get(f"p{day}")
        return self.pictures.read(stored.passage.images.full) if stored else b""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    (tmp_path / "card").mkdir()
    made = Bench(tmp_path, tmp_path / "card")
    yield made
    made.store.close()


ALL = ["p0-full", "p0-plate", "p1-full", "p1-plate", "p2-full", "p2-plate"]


def test_pictures_go_to_the_card_and_are_found_there(bench: Bench) -> None:
    assert bench.jobs.turn()
    assert (bench.here(), bench.there()) == ([], ALL)
    assert [bench.read(day) for day in range(3)] == [b"0" * 10, b"1" * 10, b"2" * 10]
    assert not list(bench.pictures.own.rglob("2*/*/*")), "days that are empty are gone"
    assert bench.jobs.problem == NOTHING


def test_a_picture_stays_in_the_camera_for_the_messages_of_its_car(tmp_path: Path) -> None:
    (tmp_path / "card").mkdir()
    bench = Bench(tmp_path, tmp_path / "card", days=0)
    bench.add(0)
    for seconds, here in ((59, 2), (2, 0)):
        bench.clock.advance(seconds)
        bench.jobs.turn()
        assert len(bench.here()) == here
    bench.store.close()


@pytest.mark.parametrize("back", [timedelta(minutes=10), timedelta(days=20_000)])
def test_after_a_clock_that_was_set_back_no_picture_is_left_behind_in_the_camera(bench: Bench, back: timedelta) -> None:
    bench.add(3)
    bench.clock._now -= back
    bench.clock.advance(70)
    bench.add(4, at=bench.clock.now() - timedelta(seconds=65))
    bench.add(5, at=bench.clock.now())
    assert bench.jobs.turn()
    assert bench.here() == ["p5-full", "p5-plate"]


def test_with_the_camera_chosen_nothing_goes_but_what_is_there_is_found(bench: Bench) -> None:
    bench.jobs.turn()
    bench.store.settings.put(GeneralSettings(), "admin")
    bench.add(3)
    bench.clock.advance(DAY_S)
    assert bench.jobs.turn()
    assert (bench.here(), bench.there()) == (["p3-full", "p3-plate"], ALL)
    assert bench.read(1) == b"1" * 10


def test_while_the_card_is_away_pictures_stay_and_follow_when_it_is_back(bench: Bench) -> None:
    card, bench.card = bench.card, None
    assert not bench.jobs.turn()
    assert bench.jobs.problem == Text("it is not in its place, or cannot be written")
    assert (bench.here(), bench.there()) == (ALL, [])
    bench.card = card
    assert bench.jobs.turn()
    assert (bench.here(), bench.there(), bench.jobs.problem) == ([], ALL, NOTHING)


def test_pictures_of_a_card_that_was_away_are_found_again(bench: Bench, tmp_path: Path) -> None:
    bench.jobs.turn()
    (tmp_path / "card").rename(tmp_path / "pocket")
    assert bench.read(0) == b""
    (tmp_path / "pocket").rename(tmp_path / "card")
    assert bench.read(0) == b"0" * 10


def test_what_was_deleted_while_the_card_was_away_is_deleted_on_it_later(bench: Bench) -> None:
    bench.jobs.turn()
    card, bench.card = bench.card, None
    rowid = bench.store.passages(PassageQuery())[-1].rowid
    bench.store.passages.delete([rowid])
    bench.jobs.turn()
    assert bench.there() == ALL
    bench.card = card
    bench.jobs.turn()
    assert bench.there() == ALL[2:]
    assert bench.store.card.deletions(10) == []


def test_the_names_to_be_deleted_are_bounded(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.card.MOST_DELETIONS", 3)
    bench.jobs.turn()
    bench.card = None
    bench.store.passages.delete([each.rowid for each in bench.store.passages(PassageQuery())])
    bench.jobs.turn()
    assert len(bench.store.card.deletions(10)) == 3


def test_the_oldest_go_while_the_card_has_too_little_free_and_what_a_message_waits_for_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 1)
    (tmp_path / "card").mkdir()
    bench = Bench(tmp_path, tmp_path / "card", days=0)
    for day in range(4):
        bench.add(day, waits=day == 0)
    bench.clock.advance(4 * DAY_S)
    bench.jobs.turn()
    monkeypatch.setattr(bench.jobs, "_free_pct", lambda path: 4.0 + (8 - len(bench.there())))
    bench.store.settings.put(ON_CARD.model_copy({"keep_free_pct": 7}), "admin")
    bench.jobs.turn()
    assert bench.there() == ["p0-full", "p0-plate", "p3-full", "p3-plate"]
    assert [each.passage.images.full != "" for each in bench.store.passages(PassageQuery())] == [True, False, False, True]
    bench.store.close()


def test_pictures_that_lie_on_another_card_are_not_forgotten(bench: Bench, tmp_path: Path) -> None:
    bench.jobs.turn()
    (tmp_path / "card").rename(tmp_path / "pocket")
    (tmp_path / "card").mkdir()
    bench.free_pct = 1.0
    assert bench.jobs.turn()
    (tmp_path / "card").rmdir()
    (tmp_path / "pocket").rename(tmp_path / "card")
    assert bench.read(0) == b"0" * 10


def test_days_of_a_database_that_was_reset_go_when_the_card_runs_low(bench: Bench, tmp_path: Path) -> None:
    bench.jobs.turn()
    left = tmp_path / "card" / FOLDER / "gw-1/2025/01/02"
    left.mkdir(parents=True)
    (left / "p9-full.jpg").write_bytes(b"jpeg")
    other = tmp_path / "card" / FOLDER / "gw-2/2025/01/02"
    other.mkdir(parents=True)
    (other / "p9-full.jpg").write_bytes(b"of another camera")
    bench.store.passages.forget_pictures([each.rowid for each in bench.store.passages(PassageQuery())])
    bench.free_pct = 1.0
    bench.jobs.turn()
    assert bench.there() == []
    assert (other / "p9-full.jpg").exists()


def test_with_no_purge_nothing_is_deleted(bench: Bench) -> None:
    bench.store.settings.put(ON_CARD.model_copy({"purge": "disabled"}), "admin")
    bench.free_pct = 0.5
    assert bench.jobs.turn()
    assert bench.there() == ALL


def test_a_full_camera_does_not_take_the_pictures_of_the_card(bench: Bench) -> None:
    bench.jobs.turn()
    bench.add(3)
    retention = Retention(bench.store, bench.pictures.own, bench.clock, lambda path: 1.0 if bench.here() else 50.0)
    assert retention.purge_images() == 1
    bench.jobs.turn()
    assert (bench.here(), bench.there()) == ([], ALL)


def test_a_passage_that_was_deleted_while_its_picture_was_copied_leaves_none(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    moved = bench.store.card.moved

    def late(passages: object) -> list[int]:
        bench.store.passages.delete([bench.store.passages(PassageQuery())[-1].rowid])
        return moved(passages)  # type: ignore[arg-type]

    monkeypatch.setattr(bench.store.card, "moved", late)
    bench.jobs.turn()
    assert (bench.here(), bench.there()) == ([], ALL[2:])


def test_a_picture_that_was_copied_before_a_crash_is_copied_again(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def crash(passages: object) -> list[int]:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(bench.store.card, "moved", crash)
        bench.jobs.turn()
    assert (bench.here(), bench.there()) == (ALL, ALL)
    bench.jobs.turn()
    assert (bench.here(), bench.there()) == ([], ALL)


# --- a card of its own --------------------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Bench]:
    """A card of 9 MB: a MB over what is left free."""
    card = tmp_path / "card"
    card.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=9300k", "gatewright-test", str(card)]
    mounted = subprocess.run(words, capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"a card cannot be mounted here: {mounted.stderr.strip()}")
    try:
        made = Bench(tmp_path, card, days=0)
        made.jobs._free_pct = lambda path: free_space_pct(path) if path == card else 50.0
        yield made
        made.store.close()
    finally:
        subprocess.run(["umount", "-l", str(card)], check=False)


def test_a_full_card_leaves_the_rest_in_the_camera_and_says_so(small: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(4):
        small.add(day, size=300_000)
    small.clock.advance(4 * DAY_S)
    small.store.settings.put(ON_CARD.model_copy({"keep_free_pct": 1}), "admin")
    monkeypatch.setattr(module, "CHUNK", 1)
    assert not small.jobs.turn()
    assert small.jobs.problem == Text("it is full")
    assert (small.here(), small.there()) == (["p3-full", "p3-plate"], ALL)
    assert [small.read(day) for day in range(4)] == [b"%d" % day * 300_000 for day in range(4)]


def test_a_card_that_may_only_be_read_takes_nothing_and_gives_what_it_has(small: Bench) -> None:
    for day in range(2):
        small.add(day)
    small.clock.advance(DAY_S + 61)
    small.jobs.turn()
    assert small.card is not None
    subprocess.run(["mount", "-o", "remount,ro", str(small.card)], check=True)
    small.clock.advance(DAY_S)
    small.store.passages.delete([small.store.passages(PassageQuery())[-1].rowid])
    assert not small.jobs.turn()
    assert small.jobs.problem == Text("it takes nothing: {why}", {"why": "Read-only file system"})
    assert small.read(1) == b"1" * 10
    subprocess.run(["mount", "-o", "remount,rw", str(small.card)], check=True)
    assert small.jobs.turn()
    assert (small.here(), small.there(), small.jobs.problem) == ([], ["p1-full", "p1-plate"], NOTHING)


def test_a_card_pulled_while_it_is_used_leaves_the_rest_in_the_camera(small: Bench) -> None:
    small.add(0)
    small.clock.advance(61)
    small.jobs.turn()
    assert small.card is not None
    subprocess.run(["umount", "-l", str(small.card)], check=True)
    card, small.card = small.card, None  # what card_present says of a folder where nothing is mounted
    small.add(1)
    small.clock.advance(2 * DAY_S)
    assert not small.jobs.turn()
    assert (small.here(), list(card.iterdir())) == (["p1-full", "p1-plate"], [])
