"""Backups: what holds of the host's side without a camera around it."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import ConfigError
from board.kit.parcel import Writer
from board.kit.state import State
from firmware.keeping.backups import PIECE_BYTES, Backups, Inside, Making
from firmware.keeping.order import staged
from firmware.keeping.work import _Package

ABOUT, LISTS = (json.dumps({"name": name, "size": size}).encode() for name, size in (("about.json", 2), ("lists", 4)))


def test_whoever_has_all_of_a_backup_finds_the_camera_free_for_the_next() -> None:
    """The end of a download is sent when there is no further piece, and closed after that: who opened the backup at once was
    refused because it was still being made."""
    size = 2 * PIECE_BYTES + 1
    program = f"import sys; sys.stdout.write('x' * {size})"
    popen = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    released: list[bool] = []
    making = Making(popen, lambda: released.append(True))
    pieces = iter(making)
    assert sum(len(next(pieces)) for _ in range(3)) == size and released == []
    assert list(pieces) == [] and released == [True]
    making.close()
    assert released == [True]


WRITER = """
import pathlib, sys
put_aside = pathlib.Path(sys.argv[1])
put_aside.write_text("a copy of a whole database")
try:
    while True:
        sys.stdout.buffer.write(bytes(1 << 16))
        sys.stdout.buffer.flush()
except BrokenPipeError:
    put_aside.unlink()
"""


def test_a_backup_that_is_broken_off_leaves_nothing_that_was_put_aside_for_it(tmp_path: Path) -> None:
    words = [sys.executable, "-I", "-S", "-c", WRITER, str(tmp_path / "copy")]
    making = Making(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True), lambda: None)
    next(iter(making))
    making.close()
    assert list(tmp_path.iterdir()) == []


def test_a_package_that_says_much_while_it_gives_its_part_waits_for_nobody(tmp_path: Path) -> None:
    parcel = b"".join(struct.pack(">I", len(head)) + head + data for head, data in ((ABOUT, b"{}"), (LISTS, b"abcd")))
    program = (
        f"import sys; sys.stdout.buffer.write({parcel!r} + bytes(4)); sys.stdout.flush(); sys.stderr.write('a line\\n' * 50_000)"
    )
    plan = {"version": "1.0", "words": [sys.executable, "-I", "-S", "-c", program], "folder": str(tmp_path), "environment": {}}
    given: list[bytes] = []
    with ExitStack() as running:
        _Package("TINY", plan, running).write(Writer(given.append))
    assert b"".join(given).endswith(b"abcd")


def test_a_package_whose_part_of_a_backup_is_not_wanted_any_more_leaves_nothing_either(tmp_path: Path) -> None:
    head = struct.pack(">I", len(ABOUT)) + ABOUT + b"{}"
    words = [sys.executable, "-I", "-S", "-c", f"import sys; sys.stdout.buffer.write({head!r})\n{WRITER}", str(tmp_path / "copy")]
    plan = {"version": "1.0", "words": words, "folder": str(tmp_path), "environment": {}}
    with ExitStack() as running:
        _Package("TINY", plan, running)
    assert list(tmp_path.iterdir()) == []


def test_what_is_being_restored_is_not_left_nor_is_another_opened_until_the_host_has_started_again(tmp_path: Path) -> None:
    """Its half hour may be over in those seconds, or somebody else opens a backup: what was confirmed was thrown away."""
    state, asked = State(tmp_path), list[bool]()
    data: Any = None
    backups = Backups(state, data, "sim", lambda: asked.append(True))
    staged(state).mkdir(parents=True)
    backups._inside = Inside("2026-11-29", "gw-1", "sim", "1.0", False, True, ("people",), {})
    with pytest.raises(ConfigError, match="choose of"):
        backups.restore(("keys",), "anna", "")
    assert backups.restore(("people",), "anna", "") == ("people",) and asked == [True]
    for act in (backups.leave, lambda: backups.take_in(tmp_path / "other", "a passphrase")):
        with pytest.raises(ConfigError, match="another backup is being made or opened right now"):
            act()
    assert staged(state).is_dir() and (state.host / "keeping/order.json").exists()


@pytest.mark.parametrize("another", [False, True], ids=["made", "opened"])
def test_an_opened_backup_whose_time_is_over_while_another_one_is_made_or_opened_goes_after_that(
    tmp_path: Path, another: bool
) -> None:
    """It was refused then, and lay there in the clear until the next start. What was opened meanwhile stays."""
    data: Any = None
    backups = Backups(State(tmp_path), data, "sim", lambda: None)
    passwords = staged(State(tmp_path)) / "accounts.json"
    passwords.parent.mkdir(parents=True)
    passwords.write_text("in the clear")
    first = backups._inside = Inside("2026-11-29", "gw-1", "sim", "1.0", False, True, ("people",), {})
    backups._take()
    forgets = threading.Timer(0.0, backups._forget, (first,))
    forgets.start()
    if another:
        backups._inside = replace(first, made="2026-11-30")
    assert passwords.exists()
    backups._busy.release()
    forgets.join()
    assert passwords.exists() == another and (backups.inside is None) != another
