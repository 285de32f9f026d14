"""Read filters: each refusal with its reason in the log, counted."""

from __future__ import annotations

import logging

import pytest

from engine.messages import REJECTED
from engine.reading.passages.filters import ReadFilter
from engine.settings import LprSettings
from tests.unit.engine.reading.passages.reads import frame_at, read_of

SETTINGS = LprSettings(min_char_height_px=20, max_char_height_px=60, min_confidence_pct=80, min_characters=5)


@pytest.mark.parametrize(
    ("read", "reason"),
    [
        (read_of("BA123CD"), ""),
        (read_of("BA123CD", 80.0, height_px=20.0), ""),
        (read_of(""), "no text"),
        (read_of("AB12"), "4 characters, minimum 5"),
        (read_of("BA123CD", 79.4), "confidence 79 %, minimum 80 %"),
        (read_of("BA123CD", height_px=19.0), "character height 19 px, minimum 20 px"),
        (read_of("BA123CD", height_px=61.0), "character height 61 px, maximum 60 px"),
    ],
)
def test_a_read_is_valid_or_has_its_reason(read: object, reason: str) -> None:
    assert ReadFilter(SETTINGS).reason(read, (1280, 960)) == reason  # type: ignore[arg-type]


def test_a_plate_that_reaches_over_the_region_of_interest_is_not_valid() -> None:
    reads = ReadFilter(LprSettings(roi=(0.5, 0.0, 1.0, 1.0)))
    valid, refused = reads.sort(
        frame_at(0), [read_of("BA123CD", box=(600, 100, 140, 32)), read_of("KE777AA", box=(700, 100, 140, 32))]
    )
    assert [read.text for read in valid] == ["KE777AA"]
    assert [read.text for read in refused] == ["BA123CD"]


def test_valid_reads_know_their_frame_and_lane() -> None:
    reads = ReadFilter(LprSettings(lane_line=(0.5, 0.0, 0.5, 1.0)))
    valid, _ = reads.sort(frame_at(40), [read_of("BA123CD", box=(100, 100, 140, 32)), read_of("KE777AA", box=(900, 100, 140, 32))])
    assert [(read.text, read.lane, read.frame_seq) for read in valid] == [("BA123CD", 1, 41), ("KE777AA", 2, 41)]


def test_refused_reads_are_logged_once_in_five_seconds(caplog: pytest.LogCaptureFixture) -> None:
    reads = ReadFilter(SETTINGS)
    with caplog.at_level(logging.INFO, "reads"):
        for ms in (0, 1000, 4999, 5000):
            reads.sort(frame_at(ms), [read_of("BA123CD", 60)])
    assert [record.getMessage() for record in caplog.records] == [
        "read 'BA123CD' in frame 1 not valid: confidence 60 %, minimum 80 %",
        "read 'BA123CD' in frame 5001 not valid: confidence 60 %, minimum 80 %",
    ]


def test_what_each_filter_left_out_is_counted() -> None:
    reads = ReadFilter(LprSettings(min_char_height_px=20, max_char_height_px=60, min_characters=5, roi=(0.0, 0.0, 0.5, 1.0)))
    left = (100, 100, 140, 32)
    some = [
        read_of("BA123CD", box=left), read_of("BA123CE", 40, box=left), read_of("BA123CF", height_px=10, box=left),
        read_of("BA123CG", height_px=90, box=left), read_of("BA1", box=left), read_of("BA123CH", box=(900, 100, 140, 32)),
        read_of("BA123CI", 50, box=left),
    ]  # fmt: skip
    reads.sort(frame_at(0), some)
    assert reads.rejected == {"confidence": 2, "small": 1, "large": 1, "characters": 1, "region": 1}
    assert set(reads.rejected) < set(REJECTED)
