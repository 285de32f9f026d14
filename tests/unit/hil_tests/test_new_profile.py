"""A new board is one file: the bench draws it, checks its wires and tests it with no other change."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

GATEHOUSE = '''"""A board of the test: three outputs, two inputs, nothing else."""

from board.types import BoardProfile, InputLine, OutputLine

PROFILE = BoardProfile(
    name="gatehouse",
    title="Gatehouse carrier",
    gpio="sim",
    camera="",
    outputs=(OutputLine("GATE", 4), OutputLine("LAMP", 5, active_high=False), OutputLine("HORN", 6)),
    inputs=(InputLine("LOOP", 7, active_high=True, pull="down"), InputLine("KEY", 8, active_high=True, pull="down")),
    wiegand=(),
    simulated=True,
)
'''


def test_a_profile_file_alone_makes_a_board_that_can_be_tested(tmp_path: Path) -> None:
    for folder in ("board", "hil_tests"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("engine", "firmware", "vadp_package", "webui", "models", "LICENSE"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    (tmp_path / "board" / "profiles" / "gatehouse.py").write_text(GATEHOUSE)
    done = subprocess.run(
        [sys.executable, "-m", "hil_tests", "--board", "gatehouse", "--only", "pulses"],
        cwd=tmp_path, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert "Gatehouse carrier: wiring for the bench" in done.stdout
    assert "│ GATE     o───────────o LOOP     │" in done.stdout
    assert "ok   Wires (outputs)" in done.stdout
    assert "ok   Pulses" in done.stdout
    assert "LAMP: 10 pulses" in done.stdout
