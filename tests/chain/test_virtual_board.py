"""The virtual board of this machine's processor: built or taken from the cache, booted, and its tests pass through the real drivers
of its kernel. The guest with picamera2 is left to `./scripts/hil --board virtual`."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RAN = re.compile(
    r"virtual board \(\w+, (\w+)\): (\d+) bench tests and (\d+) contract tests ran through a real kernel driver", re.MULTILINE
)


@pytest.mark.timeout(1800)  # a first build takes minutes, and so does a guest on a busy machine
def test_bench_and_contract_tests_pass_through_the_drivers_of_a_real_kernel(tmp_path: Path) -> None:
    words = ["./scripts/hil", "--board", "virtual", "--guest", "board", "--frames", "20", "--report", str(tmp_path)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=1800)
    if done.stdout.startswith("skipped: "):
        pytest.skip(done.stdout.strip())
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    ran = {guest: (int(bench), int(contract)) for guest, bench, contract in RAN.findall(done.stdout)}
    assert ran.keys() == {"board"}
    bench, contract = ran["board"]
    assert bench >= 8 and contract >= 15
    verify = [".venv/bin/python", "-m", "hil_tests", "verify", str(tmp_path / "report.html")]
    verified = subprocess.run(verify, cwd=ROOT, capture_output=True, text=True)
    assert verified.returncode == 0, verified.stderr
