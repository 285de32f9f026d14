"""The hardware-in-the-loop tests of the bench, as `./scripts/hil --board sim` runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_every_bench_test_passes_on_the_simulated_board_and_prints_what_it_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hil_tests", "--board", "sim"], cwd=ROOT, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert "DO1                o───────────o  DI1" in done.stdout
    assert "measured on this board" in done.stdout
    assert "skipped" not in done.stdout


def test_a_board_that_does_not_exist_is_refused_by_name() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hil_tests", "--board", "pi9"], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert "there is no board 'pi9'" in done.stderr
