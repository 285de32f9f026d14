"""Clock: system time, clock chip and synchronisation, as the kernel tells them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hil_tests.bench import Bench
from hil_tests.machine import ClockChip, clock_chips, kernel_clock

OLDEST = datetime(2026, 1, 1, tzinfo=UTC)
MOST_APART_S = 5.0


def test_clock(bench: Bench) -> None:
    """Clock: the time is plausible, and the clock chip, where there is one, agrees with it."""
    now = datetime.now(UTC)
    bench.note(f"system time {now:%Y-%m-%d %H:%M:%S} UTC; {kernel_clock()}")
    if now < OLDEST:
        pytest.fail(f"the system's time is {now:%Y-%m-%d}: set it, or schedules and validity dates are wrong")
    chips = clock_chips()
    bench.through(chips[0].name if chips else "system clock; no clock chip", kernel=bool(chips))
    for chip in chips:
        if chip.problem:
            bench.note(f"{chip.name}: {chip.problem}")
            continue
        bench.note(f"{chip.name}: {chip.ahead_s:+.2f} s from the system time{_drift(chip, bench.clock_chips)}")
        if abs(chip.ahead_s) > MOST_APART_S:
            pytest.fail(f"clock chip {chip.name} is {chip.ahead_s:+.0f} s off: after a power cut the camera starts with that time")
    if not chips:
        bench.note("no clock chip: after a power cut without network the time is wrong until somebody sets it")


def _drift(chip: ClockChip, earlier: tuple[ClockChip, ...]) -> str:
    """The chip's drift since the run began, where the run was long enough."""
    for before in earlier:
        drift_ppm = chip.drift_ppm(before) if before.name == chip.name else None
        if drift_ppm is not None:
            return f", drift {drift_ppm:+.0f} ppm over {chip.read_at_s - before.read_at_s:.0f} s"
    return ""
