"""Newest picture: an event without one of its own has the newest that there is, as a file of its own."""

from __future__ import annotations

import os
import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from engine.service import newest_picture
from engine.service.newest_picture import NewestPicture
from engine.store import Store
from engine.stored_pictures import StoredPictures
from engine.types import PassageImages
from tests.samples import NOW, new_store, passage
from tests.waiting import until

EVENT = passage("", id="e1", event="input", at=NOW + timedelta(minutes=1), box=(0, 0, 0, 0), size=(0, 0))


def prepared(folder: Path) -> tuple[Store, NewestPicture]:
    store = new_store(folder)
    for number, images in enumerate((PassageImages("a.jpg", "b.jpg"), PassageImages())):
        store.add_passage(passage(id=f"p{number}", images=images, at=NOW + timedelta(seconds=number)), [])
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(name.encode())
    return store, NewestPicture(lambda: store, StoredPictures(folder))


def test_an_event_gets_the_newest_pictures_and_the_time_at_which_they_were_taken(tmp_path: Path) -> None:
    store, newest = prepared(tmp_path)
    given = newest.give(EVENT)
    assert given == replace(
        EVENT,
        images=PassageImages("2026/01/02/e1-full.jpg", "2026/01/02/e1-plate.jpg"),
        images_at=NOW,
        box=(512, 430, 178, 50),
        size=(1280, 960),
    )
    (tmp_path / "a.jpg").unlink()
    assert (tmp_path / given.images.full).read_bytes() == b"a.jpg", "it stays when the passage goes"
    store.add_passage(given, [])
    stored = store.passages.get("e1")
    assert stored is not None and stored.passage == given
    later = newest.give(replace(EVENT, id="e2"))
    assert later.images_at == NOW, "the time of the picture, not of the event that had it before"


def test_where_files_have_one_name_only_the_picture_is_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, newest = prepared(tmp_path)

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)
    assert (tmp_path / newest.give(EVENT).images.plate).read_bytes() == b"b.jpg"


def test_an_event_waits_for_no_card_that_stalls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, newest = prepared(tmp_path)
    goes_on, link = threading.Event(), os.link

    def stalls(*names: Path) -> None:
        assert goes_on.wait(20)
        link(*names)

    monkeypatch.setattr(os, "link", stalls)
    monkeypatch.setattr(newest_picture, "WITHIN_S", 0.01)
    assert newest.give(EVENT) == EVENT
    goes_on.set()
    until(lambda: not any(thread.name == "event-picture" for thread in threading.enumerate()), "the end of the card's stall")
    assert list((tmp_path / "2026/01/02").iterdir()) == [], "a picture that belongs to nothing"


def test_an_event_with_pictures_of_its_own_keeps_them(tmp_path: Path) -> None:
    _, newest = prepared(tmp_path)
    own = replace(EVENT, images=PassageImages("own.jpg"))
    assert newest.give(own) is own


def test_without_any_picture_the_event_is_told_all_the_same(tmp_path: Path) -> None:
    _, newest = prepared(tmp_path)
    for name in ("a.jpg", "b.jpg"):
        (tmp_path / name).unlink()
    assert newest.give(EVENT) is EVENT
    empty = new_store(tmp_path / "empty")
    assert NewestPicture(lambda: empty, StoredPictures(tmp_path)).give(EVENT) is EVENT


def test_where_the_camera_can_start_no_thread_the_event_is_told_without_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    _, newest = prepared(tmp_path)
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", no_thread)
        assert newest.give(EVENT) is EVENT
