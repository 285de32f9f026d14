"""What each process of the camera takes of a board of 512 MB: memory at its peak, work until its first heartbeat, work afterwards.

The camera runs twice: on this computer (profile `sim_small`), whose seconds compare processes and releases, not boards, and in the
virtual arm64 board (`scripts/virtual`), whose clock counts instructions. There this module runs itself: see `main`.
Byte code is what the installation prepared.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from PIL import Image

from board.kit.clock import Clock
from board.kit.state import State
from engine.cli.bench_read import drawn_frame
from engine.settings import LprSettings
from engine.store import Store
from scripts.benchmarks.processes import cpu_s, peaks_mb, running
from scripts.virtual.counted import GIVEN, counted

ROOT = Path(__file__).resolve().parents[2]

BUDGET_MB = {"host": 46.0, "pins": 20.0, "service": 33.0, "engine": 102.0, "manager": 48.0, "vms": 23.0}
"""Of 10^6 bytes at the peak, all together 272 of the 300 that a board of 512 MB can spare beside system and camera buffers.

The engine's peak is a matter of luck: 92 MB with its four networks (2.5 MB each), and 3.7 MB more for each picture that happens to
be decoded, shown or waited with while another one is read; two of them were the most that was seen."""

BUDGET_S = {"pins": 0.3, "service": 0.5, "engine": 0.8, "manager": 0.6, "vms": 0.4}
"""Of one x86 core until the first heartbeat, byte code prepared."""

GUEST_PYTHON = (3, 11)
FRAMES_PER_S, EMULATED_FRAMES_PER_S = 10, 2
WORKS_S = 10.0
START_S = 300.0


@dataclass(frozen=True, slots=True)
class Taken:
    """Of one process. On the virtual board a second of a processor is 10^9 instructions."""

    peak_mb: float
    start_s: float | None
    """Of a processor until its first heartbeat; None for the host, which has none."""

    work_s: float
    """Of a processor in one second afterwards, pictures with one plate coming."""


def measure() -> dict[str, object]:
    """{"device": {process: {"peak_mb", "budget_mb", "start_s", "budget_s", "over", "arm64_peak_mb", "arm64_start_million",
    "arm64_work_million"}}, "device_arm64": what was counted, or why nothing was}; "over": budgets not kept; millions of
    instructions, until the first heartbeat and in a second of work with two pictures."""
    with tempfile.TemporaryDirectory() as folder:
        state, given = State(Path(folder) / "state"), Path(folder) / "given"
        _install(state)
        shutil.copytree(state.root, given, symlinks=True)  # before it ran
        here = taken(state, "sim_small", FRAMES_PER_S)
        said, why = _in_the_guest(given)
    there = {name: Taken(**each) for name, each in json.loads(said.splitlines()[-1]).items()} if said else {}
    about = f"Cortex-A72 without the dot product, {EMULATED_FRAMES_PER_S} pictures a second; instructions counted by QEMU"
    rows = {name: _row(name, here[name]) | (_counted(there[name]) if there else {}) for name in BUDGET_MB}
    return {"device": rows, "device_arm64": why or about}


def _row(name: str, each: Taken) -> dict[str, object]:
    row: dict[str, object] = {"peak_mb": each.peak_mb, "budget_mb": BUDGET_MB[name]}
    over = ["memory"] if each.peak_mb > BUDGET_MB[name] else []
    if each.start_s is not None:
        row |= {"start_s": round(each.start_s, 2), "budget_s": BUDGET_S[name]}
        over += ["start"] if each.start_s > BUDGET_S[name] else []
    return row | {"over": ", ".join(over)}


def _counted(each: Taken) -> dict[str, object]:
    row: dict[str, object] = {"arm64_peak_mb": each.peak_mb}
    if each.start_s is not None:
        row["arm64_start_million"] = round(1000 * each.start_s)
    return row | {"arm64_work_million": round(1000 * each.work_s)}


def _in_the_guest(given: Path) -> tuple[str, str]:
    """What `main` prints there, or why nothing. The package is installed here: an emulated processor would check it for minutes."""
    if sys.version_info[:2] != GUEST_PYTHON:
        return "", f"the guest has Python {'.'.join(map(str, GUEST_PYTHON))}: byte code of this one is of no use to it"
    return counted("cortex-a72", "scripts.benchmarks.bench_device", given=given)


def taken(state: State, profile: str, frames_per_s: int) -> dict[str, Taken]:
    """{process: what it took} of a camera on that board, whose package is installed and has not run yet."""
    pictures = state.root / "pictures"
    pictures.mkdir()
    Image.fromarray(drawn_frame()).save(pictures / "car.png")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "firmware", "--state", str(state.root), "--port", str(port), "--profile", profile]
    command += ["--camera", f"replay:{pictures}?fps={frames_per_s}"]
    with (state.root / "host.stderr").open("wb") as stderr:
        host = subprocess.Popen(command, cwd=ROOT, stderr=stderr)
    try:
        started = _started(state)
        time.sleep(WORKS_S)
        before, begun = _processor_s(state), time.monotonic()
        time.sleep(WORKS_S)
        after, took_s = _processor_s(state), time.monotonic() - begun
        peaks = peaks_mb(state)
    finally:
        host.terminate()
        host.wait(60)
    works = {name: (after[name] - before[name]) / took_s for name in BUDGET_MB}
    return {name: Taken(peaks[name], started.get(name), round(works[name], 4)) for name in BUDGET_MB}


def _install(state: State) -> None:
    state.root.mkdir(mode=0o700)
    store = Store(state.database, Clock())
    store.settings.put(LprSettings(region="Europe"), "bench")
    store.close()
    key, packages = state.root / "signing.key", state.root / "packages-built"
    _run("vadp_package", "keygen", "--key", str(key))
    package = _run("vadp_package", "build", "--out", str(packages), "--key", str(key)).splitlines()[-1]
    _run("firmware", "install", package, "--state", str(state.root), "--trust", str(key.with_suffix(".pub")))


def _run(module: str, *words: str) -> str:
    done = subprocess.run([sys.executable, "-m", module, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"bench: python -m {module} {words[0]}: {done.stderr.strip()}")
    return done.stdout.strip()


def _started(state: State) -> dict[str, float]:
    """{process of the package: seconds of a processor until its first heartbeat}."""
    found: dict[str, float] = {}
    until = time.monotonic() + START_S
    while len(found) < len(BUDGET_S) and time.monotonic() < until:
        for name in BUDGET_S:
            if name not in found and state.beat(name).exists():
                found[name] = _processor_s(state)[name]
        time.sleep(0.005)
    missing = ", ".join(sorted(BUDGET_S.keys() - found.keys()))
    if missing:
        said = (state.root / "host.stderr").read_text("utf-8", "replace")[-600:]
        raise SystemExit(f"bench: no heartbeat of {missing} within {START_S:.0f} s: {said}")
    return found


def _processor_s(state: State) -> Mapping[str, float]:
    """{process: seconds that it, and those of the same command that it started, have had of a processor}."""
    took: dict[str, float] = {}
    for name, pid in running(state):
        try:
            took[name] = took.get(name, 0.0) + cpu_s(pid)
        except OSError:
            continue  # it ended meanwhile
    return took


def main() -> None:
    """In the virtual board: prints {process: `Taken`} as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder) / "state")
        shutil.copytree(GIVEN, state.root, symlinks=True)
        found = taken(state, "virtual", EMULATED_FRAMES_PER_S)
    print(json.dumps({name: asdict(each) for name, each in found.items()}))


if __name__ == "__main__":
    main()
