"""Whole: the camera as `./scripts/start` starts it, with recognition, host and portal, killed while DI1 triggers readings.

One of its processes dies, or all of them at once; the host, or this test, starts them again. What must hold is what holds in
`kill`, but for the cars: a trigger that a kill swallows was never stored.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from PIL import Image

from board.gpio.sim import set_input
from board.kit.state import State
from engine.cli.bench_read import drawn_frame
from engine.settings import LprSettings
from scripts.fault_tests.camera import ROOT, SERVER, prepare
from scripts.fault_tests.evidence import Found, collect, verdict
from scripts.fault_tests.kill import SERVER_FAILS, Say, settled
from scripts.fault_tests.peer import counting_peer

MODULES = ("board.pins", "engine service", "engine run", "engine vms", "webui", "firmware")
"""How the command lines of the camera's processes go on after `python -m`."""

LIFE_S = (2.0, 6.0)
"""Between kills. A whole camera takes longer to be back."""

TRIGGER_EVERY_S = 0.7
PRESSED_S = 0.15
START_S = 120.0


def run(times: int, seed: int, folder: Path, say: Say) -> dict[str, Any]:
    """As kill.run."""
    chance = random.Random(seed)
    state, pictures = State(folder / "state"), folder / "pictures"
    pictures.mkdir()
    Image.fromarray(drawn_frame()).save(pictures / "car.png")
    began = time.monotonic()
    begun_ns: dict[str, int] = {}
    once_there: set[str] = set()
    killed: Counter[str] = Counter()

    def look() -> Found:
        found = collect(state, begun_ns)
        once_there.update(passage.id for passage in found.passages)
        return found

    with counting_peer(seed, SERVER_FAILS) as peer:
        prepare(state, peer.port, LprSettings(region="Europe", mode="TRIGGER", trigger_period_s=0, min_confidence_pct=1))
        camera = _start(state, pictures)
        try:
            violations: list[str] = []
            while killed.total() < times and not violations:
                _trigger_for(state, chance.uniform(*LIFE_S))
                name = chance.choice(("all", *MODULES))
                if name == "all":
                    os.killpg(camera.pid, signal.SIGKILL)
                    camera.wait()
                    _kill(state, MODULES)
                    camera = _start(state, pictures)
                else:
                    _kill(state, (name,))
                killed[name] += 1
                violations = verdict(look(), (), once_there, {}, ())
                say(f"{killed.total()} kills, {len(once_there)} passages, {len(peer.told)} messages")
            peer.fails = 0.0
            found = settled(look)
        finally:
            camera.terminate()
            camera.wait(60)
    told = dict(peer.events)
    violations += [each for each in verdict(found, (), once_there, told, (SERVER,)) if each not in violations]
    return {
        "kills": killed.total(),
        "killed": dict(sorted(killed.items())),
        "passages": len(found.passages),
        "pulses": {line: len(edges) for line, edges in found.opened_ns.items()},
        "told": len(told),
        "told_again": sum(peer.told.values()) - len(told),
        "seconds": round(time.monotonic() - began, 1),
        "violations": violations,
    }


def _start(state: State, pictures: Path) -> subprocess.Popen[bytes]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, str(ROOT / "scripts" / "simulate.py"), "--port", str(port), "--state", str(state.root)]
    camera = subprocess.Popen(
        [*command, "--frames", str(pictures), "--fps", "10"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, process_group=0
    )
    assert camera.stdout
    if not any(line.startswith(b"ready:") for line in camera.stdout):
        raise SystemExit(f"faults: the camera does not start; see {state.logs}")
    return camera


def _trigger_for(state: State, seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        set_input(state, "DI1", 1)
        time.sleep(PRESSED_S)
        set_input(state, "DI1", 0)
        time.sleep(TRIGGER_EVERY_S - PRESSED_S)


def _kill(state: State, names: tuple[str, ...]) -> None:
    """SIGKILL to those processes of this camera."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").rstrip("\0").split("\0")
        except OSError:
            continue  # it has ended
        if str(state.root) in words and any(" ".join(words[1:]).startswith(f"-m {name}") for name in names):
            os.kill(int(folder.name), signal.SIGKILL)
