"""Recovery: how soon a device that was pulled works again after its return, while the whole camera on the simulated board uses it.

Of a camera (its pictures are taken away), an expander and a serial display; each time with what the camera said meanwhile.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from board.devices import read_devices
from board.i2c import _twins
from board.kit.clock import Clock
from board.kit.state import State
from board.serial import _twin
from engine.ring import RingReader
from engine.settings import LprSettings
from engine.store import Store
from engine.types import ActionRule, WeekSchedule

EXPANDER = (1, 0x20, "pcf8574")
DISPLAY = "gate"
AWAY_S = 2.0
"""Between the pulling and the return, at least: what uses the device has seen that it is gone."""

PATIENCE_S = 60.0
POLL_S = 0.02
TURNS = 5


@dataclass(frozen=True, slots=True)
class Pulled:
    """A device. `works` is asked again and again after `plug`; `said`: the message while it is away."""

    name: str
    pull: Callable[[], object]
    plug: Callable[[], object]
    works: Callable[[], bool]
    said: Callable[[], str]


def prepare(state: State) -> None:
    """Before the camera starts: an expander and a display, in use."""
    state.root.mkdir(parents=True, exist_ok=True)
    bus, address, kind = EXPANDER
    outputs = [{"name": "DO3", "expander": 0, "pin": 0, "active_high": False}]
    state.lines_file.write_text(json.dumps({"i2c": [f"sim://{bus}/{address:#x}?kind={kind}"], "outputs": outputs}))
    _twins.plug(state, *EXPANDER)
    _twin.plug(state, DISPLAY)
    store = Store(state.database, Clock())
    store.settings.put(LprSettings(region="Europe", mode="FREEFLOW"), "bench")
    every_plate = next(entry.id for entry in store.lists() if entry.role == "all")
    options = {"line": f"sim://{DISPLAY}", "protocol": "plain", "text": "{plate}", "lines": 1, "clear_after_s": 0}
    store.save_rule(ActionRule(0, every_plate, "bench", "display", True, WeekSchedule(), json.dumps(options)), "bench")
    store.close()


def measure(state: State, pictures: Path) -> dict[str, dict[str, object]]:
    """{device: turns, median and longest seconds, message} with the camera running on `state` and `pictures`."""
    away = pictures.with_name("away")
    bus, address, _ = EXPANDER
    ring = RingReader(state.frames)
    log = state.logs / "engine.log"

    def camera_works() -> bool:
        frame = ring.latest()
        return frame is not None and time.monotonic_ns() - frame.monotonic_ns < 200_000_000

    devices = (
        Pulled("camera", lambda: pictures.rename(away), lambda: away.rename(pictures), camera_works, lambda: _last(log, "camera")),
        Pulled(
            "expander", lambda: _twins.pull(state, bus, address), lambda: _twins.plug(state, *EXPANDER),
            lambda: _problem(state, "pcf8574") == "", lambda: _problem(state, "pcf8574") or "",
        ),
        Pulled(
            "serial line", lambda: _twin.pull(state, DISPLAY), lambda: _twin.plug(state, DISPLAY),
            lambda: _problem(state, DISPLAY) == "", lambda: _problem(state, DISPLAY) or "",
        ),
    )  # fmt: skip
    try:
        return {device.name: _turns(device) for device in devices}
    finally:
        ring.close()


def _turns(device: Pulled) -> dict[str, object]:
    took_s, said = [], ""
    for _ in range(TURNS):
        _await(device.works, True)
        device.pull()
        _await(device.works, False)
        time.sleep(AWAY_S)
        said = device.said()
        device.plug()
        begun = time.monotonic()
        _await(device.works, True)
        took_s.append(time.monotonic() - begun)
    return {
        "turns": TURNS, "median_s": round(statistics.median(took_s), 2), "longest_s": round(max(took_s), 2), "said": said[:120]
    }  # fmt: skip


def _await(works: Callable[[], bool], wanted: bool) -> None:
    until = time.monotonic() + PATIENCE_S
    while works() != wanted:
        if time.monotonic() > until:
            raise SystemExit(f"bench: a device did not {'come back' if wanted else 'go away'} within {PATIENCE_S:.0f} s")
        time.sleep(POLL_S)


def _problem(state: State, name: str) -> str | None:
    return next((str(one.problem) for one in read_devices(state) if name in one.device), None)


def _last(log: Path, word: str) -> str:
    """The newest line of a log that has `word`, without its time."""
    lines = [line for line in log.read_text(errors="replace").splitlines() if word in line]
    return lines[-1].partition(" ")[2] if lines else ""
