"""Rehearsal: the host that is tried beside the one that runs does not outlive who asked for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from firmware.update.rehearsal import ROOT
from tests.waiting import until

MAIN = "from firmware.update.rehearsal import main; raise SystemExit(main())"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_a_rehearsal_that_is_ended_ends_the_host_that_it_tries(tmp_path: Path, number: signal.Signals) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    rehearsal = subprocess.Popen([sys.executable, "-P", "-c", MAIN], cwd=ROOT, env={**environment, "PYTHONPATH": str(ROOT)})
    tried = until(lambda: Path(f"/proc/{rehearsal.pid}/task/{rehearsal.pid}/children").read_text().split()[0])
    until(lambda: list(tmp_path.glob("*/state/host/lock")))
    rehearsal.send_signal(number)
    assert rehearsal.wait(30) == (1 if number == signal.SIGTERM else -number)
    until(lambda: not Path(f"/proc/{tried}").exists())
    assert number == signal.SIGKILL or not list(tmp_path.iterdir())
