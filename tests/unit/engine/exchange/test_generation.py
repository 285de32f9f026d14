"""Generations: what is followed, what is refused in words, and that a file which is not whole is noticed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from board.kit.clock import Clock
from board.kit.errors import ConfigError
from engine.exchange.exporting import SIZES, write_lists
from engine.exchange.generation import Generation, NotFollowed, check_follows, is_whole, parse, remembered
from engine.exchange.plate_files.reading import head_of
from engine.formats.event import Device
from engine.lists import EARLIEST, LATEST
from engine.store import Store
from engine.types import ListEntry

OWN, MASTER, OTHER = "0" * 16, "a" * 16, "b" * 16
DEVICE = Device("gw-1", "Gate", "", ZoneInfo("Europe/Berlin"))


def told(number: int, source: str = MASTER, digest: str = "1" * 40, via: tuple[str, ...] = ()) -> Generation:
    return Generation(number, digest, source, via)


def after(generation: Generation | None) -> dict[str, Any]:
    return remembered(generation)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "anpr.db", Clock())


def white(store: Store) -> Any:
    return next(each for each in store.lists() if each.role == "white")


def add(store: Store, *plates: str) -> None:
    for plate in plates:
        store.save_entry(ListEntry(0, white(store).id, plate, "", EARLIEST, LATEST), "test")


def test_its_text_is_as_long_for_every_number_and_comes_back() -> None:
    first, last = told(1, via=(OTHER,)), told(9_999_999_999, via=(OTHER,))
    assert len(first.text) == len(last.text) and parse(first.text) == first and parse(last.text) == last
    assert [parse(text) for text in ("", "57", first.text[1:], f"{first.text}-x", f"{first.text}\n")] == [None] * 5


def test_the_next_generation_of_the_same_source_is_followed_and_trusted() -> None:
    assert check_follows(told(8, digest="2" * 40), after(told(7)), OWN)
    assert check_follows(told(7), after(told(7)), OWN)


def test_the_first_one_and_what_an_original_camera_wrote_is_taken_without_trust() -> None:
    assert not check_follows(told(7), {}, OWN)
    assert not check_follows(None, {}, OWN)
    assert not check_follows(None, after(None), OWN)


@pytest.mark.parametrize(
    ("now", "why"),
    [
        (told(6), "generation 6 after 7"),
        (told(7, digest="2" * 40), "generation 7 after 7"),
        (told(8, source=OTHER), "another camera than until now"),
        (None, "another camera than until now"),
    ],
    ids=["set-back", "another-history", "another-source", "no-generation"],
)
def test_a_master_that_lost_its_lists_or_is_another_one_is_not_followed_until_somebody_accepts_it(
    now: Generation | None, why: str
) -> None:
    with pytest.raises(NotFollowed, match=why):
        check_follows(now, after(told(7)), OWN)
    assert not check_follows(now, {"accepts": True}, OWN)


def test_no_camera_follows_itself_not_even_through_others_or_when_it_is_accepted() -> None:
    for mine in (told(1, source=OWN), told(1, via=(OTHER, OWN))):
        for memory in ({}, {"accepts": True}):
            with pytest.raises(ConfigError, match="come from this camera itself"):
                check_follows(mine, memory, OWN)


@pytest.mark.parametrize("name", ["XML", "CSV"])
def test_a_file_tells_its_generation_which_grows_only_with_the_lists(store: Store, tmp_path: Path, name: str) -> None:
    path, found = tmp_path / "list", []
    for plate in ("AAA1", "", "BBB2"):
        if plate:
            add(store, plate)
        written = write_lists(path, store, white(store), name, DEVICE, followed=True)
        assert parse(head_of(path).stamp.generation) == written.generation
        assert written.generation is not None and is_whole(path, written.generation)
        found.append(written.generation)
    assert [each.number for each in found] == [1, 1, 2]
    assert (
        found[0] == found[1]
        and found[0].digest != found[2].digest
        and {each.source for each in found} == {store.following.source()}
    )


def test_two_neighbouring_generations_never_have_the_same_size(store: Store, tmp_path: Path) -> None:
    sizes = []
    for plate in ("AAA1", "BBB1"):
        for entry in store.entries(white(store).id):
            store.entries.delete(entry.id, "test")
        add(store, plate)
        write_lists(tmp_path / "list.xml", store, white(store), "XML", DEVICE, followed=True)
        sizes.append((tmp_path / "list.xml").stat().st_size % SIZES)
    assert sizes == [1, 2]


@pytest.mark.parametrize("name", ["XML", "CSV"])
def test_a_file_that_was_cut_off_or_changed_is_not_whole(store: Store, tmp_path: Path, name: str) -> None:
    add(store, "AAA1", "BBB2", "CCC3")
    path = tmp_path / "list"
    generation = write_lists(path, store, white(store), name, DEVICE, followed=True).generation
    assert generation is not None
    data = path.read_bytes()
    lines = data.rstrip(b"\n").split(b"\n")
    for wrong in (data.rstrip(b"\n")[:-1], b"\n".join(lines[:-1]) + b"\n", data.replace(b"BBB2", b"BBB3"), data.rstrip(b"\n"), b""):
        path.write_bytes(wrong)
        assert not is_whole(path, generation)
    path.write_bytes(data)
    assert is_whole(path, generation) and not is_whole(path, replace(generation, digest="f" * 40))


def test_a_database_made_anew_is_another_source(tmp_path: Path) -> None:
    sources = set()
    for name in ("a.db", "b.db"):
        for _ in range(2):
            store = Store(tmp_path / name, Clock())
            sources.add(store.following.source())
            store.close()
    assert len(sources) == 2 and all(len(each) == 16 for each in sources)
