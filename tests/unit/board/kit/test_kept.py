"""Kept: what is written while others read (its other tests: records, damaged files of packages, people, sights)."""

from __future__ import annotations

import errno
import threading
from pathlib import Path
from typing import Any

import pytest

from board.kit import files
from board.kit.kept import Kept, copy_of, keep_copy, write_both


def numbers(file: Path) -> Kept[int]:
    return Kept(file, int, lambda number: number)


def test_who_reads_while_another_writes_undoes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "number.json"
    written = threading.Event()
    undone: list[int] = []

    def write() -> None:
        kept = numbers(file)
        try:
            for number in range(300):
                kept.write(number)
                if kept.read().value != number:
                    undone.append(number)
        finally:
            written.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not written.is_set():
        numbers(file).read()
    writer.join()
    assert not undone
    assert numbers(file).read().value == 299


@pytest.mark.parametrize("times", [1, 3])
def test_what_a_card_does_not_read_for_a_moment_is_neither_lost_nor_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """All accounts went, and nobody got in, where one moment at the start took file and copy."""
    file, refused = tmp_path / "number.json", dict[Path, int]()
    numbers(file).write(7)
    before = sorted(path.name for path in tmp_path.iterdir())
    real = Path.open

    def opened(path: Path, *arguments: Any, **named: Any) -> Any:
        refused[path] = refused.get(path, 0) + 1
        if refused[path] <= times:
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *arguments, **named)

    monkeypatch.setattr(files, "READ_AGAIN_S", (0.0, 0.0, 0.0))
    monkeypatch.setattr(Path, "open", opened)
    found = numbers(file).read()
    assert (found.value, found.damage) == (7, None)
    refused.clear()
    assert keep_copy(file, bytes.decode)
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_the_copy_counts_for_a_file_that_a_worn_card_does_not_even_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "key.pub"
    write_both(file, b"right")
    real = Path.stat

    def stat(path: Path, *arguments: Any, **named: Any) -> Any:
        if path == file:
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *arguments, **named)

    monkeypatch.setattr(Path, "stat", stat)
    assert keep_copy(file, bytes.decode)
    assert (file.read_bytes(), copy_of(file).read_bytes()) == (b"right", b"right")
