"""The hardware-in-the-loop tests of the bench, as `./scripts/hil --board sim` runs them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def hil(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "hil_tests", *words], cwd=ROOT, capture_output=True, text=True, timeout=900)


def test_every_bench_test_passes_on_the_simulated_board_and_its_report_verifies(tmp_path: Path) -> None:
    done = hil(
        "--board", "sim", "--frames", "50", "--report", str(tmp_path / "out"), "--state", str(tmp_path / "state"),
        "--technician", "J. Nováková", "--customer", "<Parkhaus> & Söhne",
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    assert "│ DO1      o───────────o DI1      │" in done.stdout
    assert "0 failed" in done.stdout
    assert "passed tests ran through a real kernel driver" in done.stdout
    titles = ("Pulses", "Patterns", "Held output", "Camera", "I2C devices", "Storage", "Clock", "Serial loop", "Trigger to gate")
    for title in (*titles, "Pins killed in a pulse", "Host killed in a pulse"):
        assert f"ok   {title}" in done.stdout
    frames = "W1: 50 frames sent and received, none wrong"
    assert frames in done.stdout or "this computer is too busy to time pulses" in done.stdout
    assert "BL482KD" in done.stdout
    report = tmp_path / "out" / "report.html"
    page = report.read_text(encoding="utf-8")
    assert "&lt;Parkhaus&gt; &amp; Söhne" in page
    assert hil("verify", str(report), "--key", str(tmp_path / "state" / "host" / "device.pub")).returncode == 0
    report.write_text(page.replace("0 failed", "0 failed at all"), encoding="utf-8")
    assert hil("verify", str(report)).returncode == 1


def test_crossed_wires_fail_the_wiring_and_nothing_is_timed_on_them() -> None:
    done = hil("--board", "sim", "--only", "pulses", "--wire", "DO1=DI2", "--wire", "DO2=DI1")
    assert done.returncode == 1
    assert "FAIL Wires (outputs)" in done.stdout
    assert "DO1 and DO2 are crossed: DO1 arrives at DI2 and DO2 at DI1; swap them" in done.stdout
    assert "skip Pulses" in done.stdout
    assert "the wires of stage outputs are wrong" in done.stdout


def test_a_stage_that_is_left_out_takes_its_tests_with_it() -> None:
    done = hil("--board", "sim", "--only", "wir", "--without", "gate")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "ok   Wires (outputs)" in done.stdout and "ok   Wires (wiegand)" in done.stdout
    assert "Wires (gate)" not in done.stdout


def test_a_board_that_is_not_here_fails_in_words_and_its_timing_is_skipped() -> None:
    done = hil("--board", "generic", "--yes", "--only", "pulses")
    assert done.returncode == 1
    assert "FAIL Wires (outputs)" in done.stdout
    assert "the wires of stage outputs could not be checked: " in done.stdout
    assert "0 of 0 passed tests ran through a real kernel driver" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--board", "pi9"], "there is no board 'pi9'", id="board"),
        pytest.param(["--board", "sim", "--only", "nonsense"], "no test is called 'nonsense'; there are ", id="test"),
        pytest.param(
            ["--board", "sim", "--only", "pulses", "--without", "outputs"],
            "is called 'pulses' outside of stage outputs",
            id="stage",
        ),
        pytest.param(["--board", "pi4", "--wire", "DO1=DI2"], "only on a simulated board", id="wire"),
        pytest.param(["--board", "sim", "--frames", "0"], "--frames: at least 1", id="frames"),
    ],
)
def test_a_wrong_request_is_refused_in_words(words: list[str], said: str) -> None:
    done = hil(*words)
    assert (done.returncode, said in done.stderr) == (2, True), done.stderr
