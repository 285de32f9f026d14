"""Card files: this camera's pictures on a card that others had in their hands."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from board.identity import identity
from board.kit.state import State
from engine.card_files import FOLDER, CardFiles
from engine.stored_pictures import StoredPictures, stored_pictures
from tests.recorder import Recorder

NAME = "2026/11/28/p1-full.jpg"


@pytest.fixture
def files(tmp_path: Path) -> CardFiles:
    (tmp_path / "card").mkdir()
    return CardFiles(tmp_path / "card", "gw-1")


def put(files: CardFiles, name: str = NAME, content: bytes = b"jpeg") -> None:
    files.put(name, io.BytesIO(content))


def test_a_picture_is_put_read_and_deleted_with_its_empty_day(files: CardFiles) -> None:
    put(files)
    put(files, "2026/11/27/p0-full.jpg", b"older")
    assert (files.root / FOLDER / "gw-1" / NAME).read_bytes() == b"jpeg"
    assert list(files.all()) == ["2026/11/27/p0-full.jpg", NAME]
    assert (files.has(NAME), files.has("2026/11/28/p2-full.jpg")) == (True, False)
    put(files, content=b"again")
    with files.open(NAME) as file:
        assert file.read() == b"again"
    files.delete(NAME)
    files.delete(NAME)
    assert files.days() == ["2026/11/27"]
    files.delete_day("2026/11/27")
    assert files.days() == []


def test_a_picture_has_its_bytes_its_name_and_its_day_on_the_card_before_it_may_be_deleted_elsewhere(
    files: CardFiles, recorder: Recorder
) -> None:
    put(files)
    above = ["card", *FOLDER.split("/"), "gw-1", "2026", "11"]
    part = ".p1-full.jpg.part"
    assert recorder.events == [
        *(("sync", f"{each}/") for each in above), ("sync", part), ("rename", "p1-full.jpg"), ("sync", "28/"),
    ]  # fmt: skip
    assert recorder.synced[part] == b"jpeg"


def test_another_cameras_pictures_are_none_of_ours(files: CardFiles) -> None:
    put(files)
    assert list(CardFiles(files.root, "gw-2").all()) == []


@pytest.mark.parametrize("link", ["gatewright", FOLDER, f"{FOLDER}/gw-1", f"{FOLDER}/gw-1/2026/11", f"{FOLDER}/gw-1/2026/11/28"])
def test_no_link_leads_out_of_the_card(files: CardFiles, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    inner = (
        (outside / f"{FOLDER}/gw-1/2026/11/28".removeprefix(link).strip("/"))
        if link != "gatewright"
        else outside / "pictures/gw-1/2026/11/28"
    )
    inner.mkdir(parents=True)
    (inner / "p1-full.jpg").write_bytes(b"secret")
    (files.root / link).parent.mkdir(parents=True, exist_ok=True)
    (files.root / link).symlink_to(outside)
    with pytest.raises(OSError, match=r"Too many levels|Not a directory"):
        put(files)
    with pytest.raises(OSError, match=r"Too many levels|Not a directory"):
        files.open(NAME)
    files.delete(NAME)
    files.delete_day("2026/11/28")
    assert (list(files.all()), files.has(NAME)) == ([], False)
    assert (inner / "p1-full.jpg").read_bytes() == b"secret"


def test_a_link_in_the_place_of_a_picture_is_replaced_and_deleted_as_itself(files: CardFiles, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"secret")
    put(files)
    for work in (lambda: put(files), lambda: files.delete(NAME)):
        place = files.root / FOLDER / "gw-1" / NAME
        place.unlink(missing_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(tmp_path / "secret")
        with pytest.raises(OSError, match="Too many levels"):
            files.open(NAME)
        work()
        assert (tmp_path / "secret").read_bytes() == b"secret"
        assert not place.is_symlink()


def test_a_pipe_in_the_place_of_a_picture_does_not_hold_the_reader(files: CardFiles, tmp_path: Path) -> None:
    put(files)
    files.delete(NAME)
    place = files.root / FOLDER / "gw-1" / NAME
    place.parent.mkdir(parents=True)
    os.mkfifo(place)
    pictures = StoredPictures(tmp_path / "own", files)
    assert (pictures.read(NAME), pictures.size(NAME)) == (b"", 0)


@pytest.mark.parametrize(
    "name", ["", "..", "../../secret", "2026/../../secret", "/etc/passwd", "a\0b", "2026", "x" * 300, "2026/11/28/"]
)
def test_a_name_that_can_be_none_reads_as_nothing(files: CardFiles, tmp_path: Path, name: str) -> None:
    (tmp_path / "own" / "2026").mkdir(parents=True)
    (tmp_path / "secret").write_bytes(b"secret")
    assert StoredPictures(tmp_path / "own", files).read(name) == b""


def test_a_picture_is_looked_for_in_the_camera_first_and_then_on_the_card(files: CardFiles, tmp_path: Path) -> None:
    pictures = StoredPictures(tmp_path / "own", files)
    assert pictures.read(NAME) == b""
    put(files, content=b"on the card")
    assert (pictures.read(NAME), pictures.size(NAME)) == (b"on the card", 11)
    (tmp_path / "own" / "2026" / "11" / "28").mkdir(parents=True)
    (tmp_path / "own" / NAME).write_bytes(b"here")
    assert pictures.read(NAME) == b"here"


def test_what_is_larger_than_any_picture_is_none(files: CardFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.stored_pictures.MOST_BYTES", 3)
    put(files, content=b"jpeg")
    assert StoredPictures(tmp_path / "own", files).read(NAME) == b""


def test_a_board_that_was_replaced_leaves_its_pictures_on_the_card_to_the_next_one(tmp_path: Path) -> None:
    state = State(tmp_path / "state")
    (tmp_path / "serial").write_text("of the first board")
    first = identity(state, (tmp_path / "serial",)).id
    state.board_file.write_text(json.dumps({"profile": "sim", "camera": "", "sd": str(tmp_path / "card")}))
    assert stored_pictures(state) == StoredPictures(state.images, CardFiles(tmp_path / "card", first))
    assert identity(state).id != first


@pytest.mark.parametrize("board", ["", "[]", '{"profile": "sim"}', '{"sd": ""}'])
def test_without_a_place_for_a_card_there_is_the_camera_alone(tmp_path: Path, board: str) -> None:
    state = State(tmp_path)
    state.board_file.write_text(board)
    assert stored_pictures(state) == StoredPictures(state.images)
