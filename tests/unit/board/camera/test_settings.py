"""Camera settings: turning and cutting by the processor, notes of what a camera leaves out, day and night, gaps."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from board.camera import CameraSettings
from board.camera._gaps import Gaps
from board.camera._night import Night
from board.camera._setup import TURNING, left_out, turned
from board.kit.errors import ConfigError
from board.kit.settings import check
from board.kit.words import Text
from board.kit.zones import CameraZone

S = 1_000_000_000
PICTURE = np.arange(4 * 6 * 3, dtype=np.uint8).reshape(4, 6, 3)


def test_without_wishes_the_frame_is_the_same_array() -> None:
    assert turned(CameraSettings(), PICTURE) is PICTURE


def test_upside_down_is_both_mirrors_and_a_mirror_more_takes_one_away() -> None:
    assert np.array_equal(turned(CameraSettings(rotate_180=True), PICTURE), PICTURE[::-1, ::-1])
    assert np.array_equal(turned(CameraSettings(hflip=True), PICTURE), PICTURE[:, ::-1])
    assert np.array_equal(turned(CameraSettings(rotate_180=True, hflip=True), PICTURE), PICTURE[::-1])


def test_edges_are_cut_off_as_seen_in_the_turned_picture() -> None:
    cut = turned(CameraSettings(cut_left_pct=40, rotate_180=True), PICTURE)
    assert np.array_equal(cut, PICTURE[::-1, ::-1][:, 2:])
    assert cut.flags["C_CONTIGUOUS"]


def test_day_must_be_brighter_than_night() -> None:
    with pytest.raises(ConfigError, match="Day above: must be more than 'Night below'"):
        check(CameraSettings, {"night_below_lux": 50, "day_above_lux": 50})
    with pytest.raises(ConfigError, match="Night from: must be a time of day such as 20:00"):
        check(CameraSettings, {"night_from": "24:00"})


def test_a_night_may_end_at_24_00() -> None:
    settings = check(CameraSettings, {"night": "schedule", "night_from": "20:00", "night_until": "24:00"})
    assert settings.night_until == "00:00"
    night = Night(settings, lambda: UTC)
    hours = {hour: night.is_on(datetime(2026, 1, 15, hour, tzinfo=UTC), 0) for hour in (19, 20, 23, 0, 1)}
    assert hours == {19: False, 20: True, 23: True, 0: False, 1: False}


def test_what_a_camera_leaves_out_is_named_once_and_defaults_are_not() -> None:
    assert left_out(CameraSettings(), Text("why")) == ()
    wishes = CameraSettings(flicker="50 Hz", rotate_180=True, night="always", night_gain=3)
    (note,) = left_out(wishes, Text("a network camera has its own setting"), TURNING)
    assert str(note) == "Lamp flicker, Night preset: a network camera has its own setting"


@pytest.mark.parametrize(
    ("start", "end", "utc", "night"),
    [
        ("20:00", "06:30", (18, 59), False),
        ("20:00", "06:30", (19, 0), True),
        ("20:00", "06:30", (5, 29), True),
        ("20:00", "06:30", (5, 30), False),
        ("01:00", "05:00", (0, 0), True),
        ("01:00", "05:00", (4, 0), False),
        ("06:00", "06:00", (5, 0), False),
    ],
)
def test_the_schedule_is_local_time_and_may_pass_midnight(start: str, end: str, utc: tuple[int, int], night: bool) -> None:
    chosen = Night(CameraSettings(night="schedule", night_from=start, night_until=end), CameraZone("Europe/Berlin"))
    assert chosen.is_on(datetime(2026, 1, 15, *utc, tzinfo=UTC), 0) is night


def test_a_schedule_follows_a_changed_time_zone_at_once() -> None:
    zone = CameraZone("Europe/Berlin")
    night = Night(CameraSettings(night="schedule", night_from="20:00", night_until="06:30"), zone)
    at = datetime(2026, 1, 15, 20, 0, tzinfo=UTC)  # 21:00 in Berlin, 15:00 in New York
    assert night.is_on(at, 0) is True
    zone.name = "America/New_York"
    assert night.is_on(at, 0) is False


def test_by_light_only_what_lasts_twenty_seconds_changes_it() -> None:
    night = Night(CameraSettings(night="light", night_below_lux=10, day_above_lux=40), lambda: UTC)
    now = datetime(2026, 1, 15, tzinfo=UTC)
    steps = [
        (0, None, False), (1, 9, True), (2, 100, True), (21, 30, True), (22, 100, True), (41, 100, True), (42, 100, False),
        (43, 5, False), (50, 15, False), (51, 5, False), (70, None, False), (71, 5, True),
    ]  # fmt: skip
    assert [night.is_on(now, at * S, lux) for at, lux, _ in steps] == [on for *_, on in steps]


def test_an_engine_that_starts_anew_goes_on_with_the_night_or_day_that_the_light_said(tmp_path: Path) -> None:
    settings, now, kept = CameraSettings(night="light", night_below_lux=10, day_above_lux=40), datetime.now(UTC), tmp_path / "night"
    first = Night(settings, lambda: UTC, kept)
    assert [first.is_on(now, 0, lux) for lux in (None, 9, 25)] == [False, True, True]
    second = Night(settings, lambda: UTC, kept)
    assert [second.is_on(now, at * S, lux) for at, lux in ((0, None), (1, 25), (2, 50), (22, 50), (23, 25))] == [
        True, True, True, False, False,
    ]  # fmt: skip
    assert [Night(settings, lambda: UTC, kept).is_on(now, 0, lux) for lux in (None, 25)] == [False, False]
    for damaged in (b"", b"perhaps", None):
        kept.unlink() if damaged is None else kept.write_bytes(damaged)
        assert Night(settings, lambda: UTC, kept).is_on(now, 0, 9) is True
    assert Night(settings, lambda: UTC, tmp_path / "gone" / "night").is_on(now, 0, 9) is True


def test_gaps_are_counted_by_the_cameras_own_step_or_by_the_usual_one() -> None:
    told = Gaps()
    assert [told.before(at, 100) for at in (1000, 1100, 1205, 1500, 1490, 1600)] == [0, 0, 0, 2, 0, 0]
    usual = Gaps()
    assert [usual.before(at) for at in range(1000, 2000, 100)] == [0] * 10
    assert usual.before(2210) == 2
    assert usual.before(10_000_000) == 0, "a new time base is no loss"
