"""What each process of the camera takes of a board of 512 MB: memory at its peak, and processor time until its first heartbeat.

The camera runs here, on the profile `sim_small`: the seconds are this computer's, and compare processes and releases, not boards.
Its package is started twice: with the byte code that its check prepared when it was installed, and without.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import requests
from PIL import Image

from board.kit.clock import Clock
from board.kit.state import State
from engine.cli.bench_read import drawn_frame
from engine.settings import LprSettings
from engine.store import Store
from scripts.benchmarks.bench_memory import NAMES, PASSWORD, camera, peak_rss_mb

BUDGET_MB = {"host": 46.0, "pins": 20.0, "service": 33.0, "engine": 102.0, "manager": 48.0, "vms": 23.0}
"""Of 10^6 bytes at the peak, all together 272 of the 300 that a board of 512 MB can spare beside system and camera buffers.

The engine's peak is a matter of luck: 92 MB with its four networks (2.5 MB each), and 3.7 MB more for each picture that happens to
be decoded, shown or waited with while another one is read; two of them were the most that was seen."""

BUDGET_S = {"pins": 0.3, "service": 0.5, "engine": 0.8, "manager": 0.6, "vms": 0.4}
"""Of one x86 core until the first heartbeat, byte code prepared."""

WORKS_S = 10.0
START_S = 120.0
_TICKS = os.sysconf("SC_CLK_TCK")


def measure() -> dict[str, object]:
    """{process: {"peak_mb", "budget_mb", "start_s", "budget_s", "over"}}; "over": budgets not kept."""
    with tempfile.TemporaryDirectory() as folder:
        state, pictures = State(Path(folder) / "state"), Path(folder) / "pictures"
        pictures.mkdir()
        Image.fromarray(drawn_frame()).save(pictures / "car.png")
        store = Store(state.database, Clock())
        store.settings.put(LprSettings(region="Europe"), "bench")
        store.close()
        with camera(state, pictures, "sim_small") as (address, secret):
            form = {"old": secret, "new": PASSWORD, "again": PASSWORD}
            requests.post(f"{address}password", data=form, auth=("admin", secret), timeout=30, allow_redirects=False)
            started = _start(state, address)
            time.sleep(WORKS_S)
            peaks = peak_rss_mb(state)
    return {name: _row(name, peaks, started) for name in BUDGET_MB}


def _row(name: str, peaks: Mapping[str, float], started: Mapping[str, float]) -> dict[str, object]:
    row: dict[str, object] = {"peak_mb": peaks.get(name, 0.0), "budget_mb": BUDGET_MB[name]}
    over = ["memory"] if peaks.get(name, 0.0) > BUDGET_MB[name] else []
    if name in BUDGET_S:
        row |= {"start_s": started[name], "budget_s": BUDGET_S[name]}
        over += ["start"] if started[name] > BUDGET_S[name] else []
    return row | {"over": ", ".join(over)}


def _start(state: State, address: str) -> dict[str, float]:
    """{process of the package: seconds of a processor until its first heartbeat}."""

    def order(verb: str) -> None:
        requests.post(f"{address}api/packages/ANPR/{verb}", auth=("admin", PASSWORD), timeout=START_S).raise_for_status()

    order("stop")
    for name in BUDGET_S:
        state.beat(name).unlink(missing_ok=True)
    order("start")
    found: dict[str, float] = {}
    until = time.monotonic() + START_S
    while len(found) < len(BUDGET_S) and time.monotonic() < until:
        for name in BUDGET_S:
            if name not in found and state.beat(name).exists():
                found[name] = _processor_s(state, name)
        time.sleep(0.005)
    missing = ", ".join(sorted(BUDGET_S.keys() - found.keys()))
    if missing:
        raise SystemExit(f"bench: no heartbeat of {missing} within {START_S:.0f} s")
    return found


def _processor_s(state: State, name: str) -> float:
    """What the process, and those of the same command that it started, have had of a processor."""
    command = next(begin for begin, shown in NAMES.items() if shown == name)
    took = 0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")
            fields = (folder / "stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            continue  # it ended meanwhile
        if "-m" in words and str(state.root) in words and " ".join(words[words.index("-m") + 1 :]).startswith(command):
            took += int(fields[11]) + int(fields[12])
    return round(took / _TICKS, 2)
