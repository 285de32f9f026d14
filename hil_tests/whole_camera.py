"""The whole camera on the bench: host, package, pins, service and engine in a STATE of their own, one rule: one plate opens."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from board.kit.clock import Clock
from board.kit.state import State
from board.kit.wire import Channel
from board.lines import rest_levels
from board.types import BoardProfile, InputEdge, OutputState, Pulse, WatchPins
from engine.lists import EARLIEST, LATEST
from engine.settings import LprSettings
from engine.store import Store
from engine.types import ActionRule, ListEntry, WeekSchedule
from firmware.packages.keys import make_pair
from hil_tests.bench import ROOT, Bench, last_words, pins_channel
from hil_tests.plate_sheet import PLATES, scene
from hil_tests.wiring import wires

GATE_PULSE_MS = 300
PRESS_MS = 60
READY_S = 180.0
OPENS_S = 6.0
"""A passage's IO action comes within this, or not at all."""
COMMANDS = {"firmware": "host", "board.pins": "pins", "engine run": "engine", "engine service": "service"}


@dataclass
class WholeCamera:
    """A running camera. `press` drives `trigger` through output `presser`; the gate is output `gate`, seen at `gate_input`."""

    host: subprocess.Popen[bytes]
    channel: Channel
    state: State
    profile: BoardProfile
    press_ms: int
    idle: dict[str, bool]
    """{input: whether it is active while its output rests}"""
    presses: int = 0
    gate_open: bool = False
    moved: set[str] = field(default_factory=set)
    """Outputs that pins switched on and inputs that saw something since the last press."""
    opens_s: float = OPENS_S

    @property
    def presser(self) -> str:
        return wires(self.profile, "gate")[0][0]

    @property
    def trigger(self) -> str:
        return wires(self.profile, "gate")[0][1]

    @property
    def gate(self) -> str:
        return wires(self.profile, "gate")[1][0]

    @property
    def gate_input(self) -> str:
        return wires(self.profile, "gate")[1][1]

    def press(self) -> tuple[InputEdge, InputEdge] | None:
        """(edge of the trigger input, opening edge at the gate input) of one pressed trigger; None when the gate stayed shut.
        A gate that is still open is waited for, so that no edge of the trigger before is taken for this one's."""
        while self._receive(0) is not None:
            pass
        if self.gate_open and self.closed(self.opens_s) is None:
            return None
        self.presses += 1
        self.moved.clear()
        self.channel.send(Pulse(f"hil-press-{self.presses}", self.presser, self.press_ms))
        pressed = self._await(self.trigger, not self.idle[self.trigger], self.opens_s)
        opened = pressed and self._await(self.gate_input, not self.idle[self.gate_input], self.opens_s)
        return (pressed, opened) if pressed and opened else None

    def hold_open(self, duration_ms: int) -> None:
        """Opens the gate for so long through pins alone; fails when its input does not see that."""
        while self._receive(0) is not None:
            pass
        self.moved.clear()
        self.channel.send(Pulse("hil-hold-open", self.gate, duration_ms))
        if self._await(self.gate_input, not self.idle[self.gate_input], self.opens_s) is None:
            pytest.fail(f"the gate did not open: {self.why_shut()}")

    def why_shut(self) -> str:
        """What is known about a gate that did not open since the last press."""
        for output, input_name in wires(self.profile, "gate"):
            if output in self.moved and input_name not in self.moved:
                return f"{output} moved, but {input_name} saw nothing of it: is the wire between them in place?"
        return last_words(self.state)

    def closed(self, within_s: float) -> InputEdge | None:
        """The next closing edge at the gate input; None when none comes in time."""
        return self._await(self.gate_input, self.idle[self.gate_input], within_s)

    def _await(self, input_name: str, active: bool, within_s: float) -> InputEdge | None:
        until = time.monotonic() + within_s
        while (left := until - time.monotonic()) > 0:
            message = self._receive(left)
            if isinstance(message, InputEdge) and (message.input, message.active) == (input_name, active):
                return message
        return None

    def _receive(self, timeout_s: float) -> object | None:
        message = self.channel.receive(timeout_s)
        if isinstance(message, OutputState) and message.active:
            self.moved.add(message.output)
        if isinstance(message, InputEdge):
            self.moved.add(message.input)
        if isinstance(message, InputEdge) and message.input == self.gate_input:
            self.gate_open = message.active != self.idle[self.gate_input]
        return message

    def works_within_s(self, within_s: float) -> float:
        """Presses until the gate opens; returns how long that took; fails after `within_s`."""
        begun = time.monotonic()
        while time.monotonic() - begun < within_s:
            if self.press():
                took_s = time.monotonic() - begun
                self.closed(self.opens_s)
                return took_s
        pytest.fail(f"the gate did not open within {within_s:.0f} s: {self.why_shut()}")

    def pids(self, name: str) -> list[int]:
        """Process numbers of "host", "pins", "engine" or "service", by the commands that carry this STATE."""
        found = []
        for folder in Path("/proc").iterdir():
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0") if folder.name.isdigit() else []
            except OSError:
                continue  # it ended meanwhile
            if "-m" in words and str(self.state.root) in words:
                command = " ".join(words[words.index("-m") + 1 :])
                found += [int(folder.name) for start, known in COMMANDS.items() if known == name and command.startswith(start)]
        return sorted(found)


@contextmanager
def whole_camera(bench: Bench, state: State, camera: str) -> Iterator[WholeCamera]:
    """The camera as an installer has it, with the checkout's package, on the bench's wires of stage "gate".

    `camera`: the URL it looks through. Fails with the reason when it does not come up."""
    profile = bench.profile
    state.root.mkdir(exist_ok=True)
    if bench.state.lines_file.exists():
        state.lines_file.write_bytes(bench.state.lines_file.read_bytes())
    _prepare(state, profile)
    key = state.root / "signing.key"
    make_pair(key)
    built = _run("vadp_package", "build", "--out", str(state.root / "package"), "--key", str(key))
    public = str(key.with_suffix(".pub"))
    _run("firmware", "install", built.splitlines()[-1], "--state", str(state.root), "--trust", public)
    if bench.profile.simulated:
        state.sim.mkdir(parents=True, exist_ok=True)
        (state.sim / "wires.json").write_text(json.dumps(dict(wires(profile, "gate"))))
    command = [sys.executable, "-m", "firmware", "--state", str(state.root), "--port", str(_free_port())]
    command += ["--profile", profile.name, "--camera", camera]
    host = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        channel = pins_channel(state, host, READY_S * bench.patience)
        try:
            channel.send(WatchPins("hil"))
            running = WholeCamera(host, channel, state, profile, bench.seen_ms(PRESS_MS), idle_inputs(profile))
            running.opens_s *= bench.patience
            yield running
        finally:
            channel.close()
    finally:
        host.terminate()
        try:
            host.wait(20)
        except subprocess.TimeoutExpired:
            host.kill()
            host.wait()


def camera_to_use(bench: Bench) -> tuple[str, str]:
    """(URL, what it is): the board's camera where it delivered the sheet, else the sheet replayed."""
    if not bench.profile.simulated and not bench.camera_problem:
        return bench.profile.camera, "the board's camera"
    return sheet_url(bench), "the plate sheet replayed"


def sheet_url(bench: Bench) -> str:
    """A replay of the plate sheet: 20 pictures a second, 2 on an emulated computer; as a file that needs no decoding, which took
    longer than the engine's own work."""
    folder = bench.state.root / "sheet"
    folder.mkdir(exist_ok=True)
    from PIL import Image

    Image.fromarray(scene()).save(folder / "sheet.bmp")
    return f"replay:{folder}?fps={2 if bench.profile.emulated else 20}"


def idle_inputs(profile: BoardProfile) -> dict[str, bool]:
    """{input: whether it is active while its output rests}, on the wires of stage "gate"."""
    outputs = {line.name: line.pin for line in profile.outputs}
    inputs = {line.name: line for line in profile.inputs}
    rest = rest_levels(profile, {})
    return {name: rest[outputs[output]] == inputs[name].active_high for output, name in wires(profile, "gate")}


def _prepare(state: State, profile: BoardProfile) -> None:
    """Settings and the one rule: the sheet's first plate opens the gate, its second one does not. The trigger counts at the
    press, not at the release, whatever the wiring rests at."""
    (_, trigger), (gate, _) = wires(profile, "gate")
    edge = "inactive" if idle_inputs(profile)[trigger] else "active"
    store = Store(state.database, Clock())
    store.settings.put(
        LprSettings(
            region="Europe", mode="TRIGGER", trigger_period_s=0, min_confidence_pct=1, trigger_input=trigger, trigger_edge=edge
        ),
        "bench",
    )
    white = next(entry.id for entry in store.lists() if entry.role == "white")
    store.save_entry(ListEntry(0, white, PLATES[0].replace(" ", ""), "the sheet's first plate", EARLIEST, LATEST), "bench")
    active_high = next(line.active_high for line in profile.outputs if line.name == gate)
    polarity = "active high" if active_high else "active low"
    options = json.dumps({"output": gate, "do": "pulse", "duration_ms": GATE_PULSE_MS, "polarity": polarity})
    store.save_rule(ActionRule(0, white, "bench", "io", True, WeekSchedule(), options), "bench")
    store.close()


def _run(module: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.fail(f"python -m {module} {arguments[0]}: {done.stderr.strip()[-400:]}")
    return done.stdout.strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kill(pids: list[int], number: int) -> int:
    """Sends a signal to each; returns CLOCK_MONOTONIC ns of the first."""
    at_ns = time.monotonic_ns()
    for pid in pids:
        os.kill(pid, number)
    return at_ns
