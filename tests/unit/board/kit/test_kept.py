"""Kept: what is written while others read (its other tests: records, damaged files of packages, people, sights)."""

from __future__ import annotations

import threading
from pathlib import Path

from board.kit.kept import Kept


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
