"""Remembered: what a process leaves for the next one, and what of it is damaged."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.service.remembered import LastTrigger, Remembered


def test_the_value_put_last_is_there(tmp_path: Path) -> None:
    kept = Remembered(tmp_path / "last.json", LastTrigger)
    assert kept.get() is None
    for number in (1, 2):
        kept.put(LastTrigger("boot", number))
    assert Remembered(tmp_path / "last.json", LastTrigger).get() == LastTrigger("boot", 2)


@pytest.mark.parametrize("damage", ["", "{}", '{"type":"Other","body":{}}', '{"type":"LastTrigger","body":{"boot":1}}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: str) -> None:
    (tmp_path / "last.json").write_text(damage)
    assert Remembered(tmp_path / "last.json", LastTrigger).get() is None


def test_a_folder_that_takes_nothing_is_no_error(tmp_path: Path) -> None:
    Remembered(tmp_path / "away" / "last.json", LastTrigger).put(LastTrigger("boot", 1))
