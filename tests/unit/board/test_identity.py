"""Identity: where the serial number comes from, and what of it messages tell."""

from __future__ import annotations

import errno
import secrets
from pathlib import Path

import pytest

from board.identity import camera_id, device_serial, identity
from board.kit import files
from board.kit.state import State


def test_the_serial_is_the_boards_else_the_machines_else_one_made_once(tmp_path: Path) -> None:
    state, board, machine = State(tmp_path / "state"), tmp_path / "board", tmp_path / "machine"
    made_up = device_serial(state, (board, machine))
    assert len(made_up) == 16
    assert device_serial(state, (board, machine)) == made_up
    machine.write_text("0123abcd\n")
    assert device_serial(state, (board, machine)) == "0123abcd"
    board.write_bytes(b"10000000abcdef01\0")
    assert device_serial(state, (board, machine)) == "10000000abcdef01"


def test_the_id_in_messages_stays_the_same_and_does_not_give_the_serial_away(tmp_path: Path) -> None:
    state, board = State(tmp_path / "state"), tmp_path / "board"
    board.write_bytes(b"10000000abcdef01\0")
    assert camera_id(state, (board,)) == camera_id(state, (board,)) == "gw-9964a0fe5110"
    assert camera_id(state, ()) != camera_id(state, (board,))


def test_the_id_is_kept_over_updates_and_a_copy_of_the_card_in_another_board_gets_one_of_its_own(tmp_path: Path) -> None:
    state, board, other = State(tmp_path / "state"), tmp_path / "board", tmp_path / "other"
    board.write_bytes(b"10000000abcdef01\0")
    other.write_bytes(b"10000000abcdef02\0")
    first = identity(state, (board,))
    file = state.host / "camera_id.json"
    file.write_text(file.read_text().replace(first.id, "gw-000000000001"))  # made by a release with another way
    for copy in state.host.glob("camera_id.json?*"):
        copy.unlink()
    assert identity(state, (board,)).id == "gw-000000000001"
    moved = identity(state, (other,))
    assert (moved.before, moved.id) == ("gw-000000000001", camera_id(state, (other,)))
    assert identity(state, (other,)) == moved


def test_a_card_that_comes_back_from_another_board_is_what_it_was(tmp_path: Path) -> None:
    """A technician had tried it there: nothing says any more that it may be a copy, and cameras follow its lists as before."""
    state, board, other = State(tmp_path / "state"), tmp_path / "board", tmp_path / "other"
    board.write_bytes(b"10000000abcdef01\0")
    other.write_bytes(b"10000000abcdef02\0")
    first = identity(state, (board,))
    assert identity(state, (other,)).before == first.id
    assert identity(state, (board,)) == first


def test_a_second_board_that_is_replaced_leaves_what_the_first_one_had(tmp_path: Path) -> None:
    """Its pictures on the SD card lie in the first one's folder, and an installer has entered that one's id: neither counted."""
    state, boards = State(tmp_path / "state"), [tmp_path / f"board{number}" for number in range(3)]
    for number, board in enumerate(boards):
        board.write_bytes(b"10000000abcdef0%d\0" % number)
    first, second, third = (identity(state, (board,)) for board in boards)
    assert (second.before, third.before, third.id) == (first.id, first.id, camera_id(state, (boards[2],)))


def test_a_card_that_does_not_read_the_machines_id_for_a_moment_makes_no_other_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state, machine, refused = State(tmp_path / "state"), tmp_path / "machine", list[Path]()
    machine.write_text("0123abcd\n")
    first, real = identity(state, (machine,)), Path.read_bytes

    def read(path: Path) -> bytes:
        if path == machine and not refused:
            refused.append(path)
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    monkeypatch.setattr(files, "READ_AGAIN_S", (0.0,))
    assert (identity(state, (machine,)), refused) == (first, [machine])


def test_a_number_that_the_card_does_not_read_for_long_tells_of_no_other_board(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The camera's own certificate and key would be made anew for that one, and once more for this one."""
    state, machine, real = State(tmp_path / "state"), tmp_path / "machine", Path.read_bytes
    machine.write_text("0123abcd\n")
    unread: list[Path] = []

    def read(path: Path) -> bytes:
        if path in unread:
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    monkeypatch.setattr(files, "READ_AGAIN_S", (0.0,))
    first = identity(state, (machine,))
    unread.append(machine)
    assert identity(state, (machine,)) == first
    unread[:] = [machine, state.host / "serial"]
    with monkeypatch.context() as late:  # it is read again as soon as another number was taken in its place
        late.setattr(secrets, "token_hex", lambda size: unread.clear() or "89abcdef")
        assert identity(state, (machine,)) == first
    assert identity(state, (machine,)) == first

    made_once = State(tmp_path / "without")
    serial, own = device_serial(made_once, ()), identity(made_once, ())
    unread.append(made_once.host / "serial")
    assert identity(made_once, ()) == own
    unread.clear()
    assert (device_serial(made_once, ()), identity(made_once, ())) == (serial, own)


def test_a_damaged_file_costs_nothing_but_the_memory(tmp_path: Path) -> None:
    state, board = State(tmp_path / "state"), tmp_path / "board"
    board.write_bytes(b"10000000abcdef01\0")
    before = identity(state, (board,))
    for file in state.host.glob("camera_id.json*"):
        file.write_bytes(b"\xff{")
    assert identity(state, (board,)) == before
