"""Heights: what a passage reports as the height of its characters does not jump, and is that of its own frame."""

from __future__ import annotations

from dataclasses import replace

import pytest

from engine.reading.passages.heights import LAST, Heights
from engine.reading.passages.vote import Vote
from engine.types import PlateRead
from tests.unit.engine.reading.passages.reads import frame_at, read_of

READ = PlateRead("AB12CD", (), 95.0, "SK", (100, 100, 120, 30), 15.0)


def known(*measured: tuple[float, int]) -> Heights:
    heights = Heights()
    for px, box in measured:
        heights.add(replace(READ, char_height_px=px, box=(0, 0, 120, box)))
    return heights


def test_one_frame_in_which_a_second_line_joins_the_characters_changes_nothing() -> None:
    heights = known((15, 30), (15, 30), (26, 30), (15, 30), (14, 30))
    assert heights.steady(replace(READ, char_height_px=26.0)) == 15.0


def test_the_height_is_that_of_the_read_s_own_frame() -> None:
    assert known((15, 30), (20, 40), (30, 60)).steady(replace(READ, box=(0, 0, 200, 50), char_height_px=44.0)) == 25.0


def test_what_was_measured_long_ago_no_longer_counts() -> None:
    assert known(*[(15, 30)] * LAST, *[(20, 30)] * (LAST // 2)).steady(READ) == 15.0
    assert known(*[(15, 30)] * LAST, *[(20, 30)] * (LAST // 2 + 1)).steady(READ) == 20.0


@pytest.mark.parametrize("read", [replace(READ, box=(0, 0, 0, 0)), replace(READ, char_height_px=0.0)])
def test_what_has_no_height_keeps_none_and_says_nothing(read: PlateRead) -> None:
    heights = known((20, 30))
    heights.add(read)
    assert (heights.steady(read), heights.steady(READ)) == (read.char_height_px, 20.0)


def test_a_passage_reports_the_steady_height() -> None:
    asked = Vote(3, 80, 1500)
    settled = []
    for number, px in enumerate((20.0, 38.0, 20.0)):
        settled += asked.see(frame_at(100 * number), [read_of("AB123CD", 90.0 + number * (px > 30), height_px=px)])
    assert [(each.read.text, each.read.char_height_px) for each in settled] == [("AB123CD", 20.0)]
