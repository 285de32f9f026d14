"""The bench: the board under test, its wires, and the pins process where a test wants it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from board.gpio import open_gpio
from board.gpio.sim import plug_wire
from board.kit.errors import WireError
from board.kit.state import State
from board.kit.wire import Channel, Codec, connect
from board.ports import Gpio
from board.profiles import load
from board.types import PINS_MESSAGES, BoardProfile
from hil_tests.wiring import diagram, wires

ROOT = Path(__file__).resolve().parents[1]
FIGURES: list[str] = []


@dataclass
class Bench:
    """The board under test. `slack_ms`: how late the bench may see an edge (a shared computer that simulates is no board)."""

    state: State
    profile: BoardProfile
    frames: int
    ask: bool
    stage: str = ""
    pairs: tuple[tuple[str, str], ...] = field(default=())

    @property
    def slack_ms(self) -> float:
        return 500.0 if self.profile.simulated else 15.0

    def wire(self, stage: str) -> None:
        """Has the wires of `stage` in place: plugs them on the simulator, asks the technician on a bench."""
        if stage == self.stage:
            return
        if self.profile.simulated:
            for output, _ in self.pairs:
                plug_wire(self.state, output, "")
            for output, input_name in wires(self.profile, stage):
                plug_wire(self.state, output, input_name)
        elif self.ask:
            print(f"\n{diagram(self.profile, stage)}")
            with Path("/dev/tty").open() as terminal:
                print("Wires in place? Enter to go on ", end="", flush=True)
                terminal.readline()
        self.stage, self.pairs = stage, wires(self.profile, stage)

    def note(self, text: str) -> None:
        """A measured figure for the end of the run."""
        FIGURES.append(text)


@pytest.fixture(scope="session")
def bench() -> Bench:
    name = os.environ.get("GATEWRIGHT_HIL_BOARD")
    if not name:
        pytest.skip("no board named: run ./scripts/hil --board NAME")
    state = State(Path(os.environ["GATEWRIGHT_HIL_STATE"]))
    state.board_file.write_text(json.dumps({"profile": name, "camera": "", "sd": ""}))
    return Bench(state, load(state), int(os.environ["GATEWRIGHT_HIL_FRAMES"]), bool(os.environ["GATEWRIGHT_HIL_ASK"]))


@contextmanager
def chip(bench: Bench, stage: str) -> Iterator[Gpio]:
    """The chip itself, without the pins process, with the wires of `stage`."""
    bench.wire(stage)
    bench.state.sim.mkdir(parents=True, exist_ok=True)
    opened = open_gpio(load(bench.state), bench.state)
    try:
        yield opened
    finally:
        opened.close()


@dataclass
class Pins:
    """A running pins process and a channel to it."""

    process: subprocess.Popen[bytes]
    channel: Channel


@pytest.fixture
def pins(bench: Bench) -> Iterator[Pins]:
    bench.wire("outputs")
    process = subprocess.Popen([sys.executable, "-m", "board.pins", "--state", str(bench.state.root)], cwd=ROOT)
    until = time.monotonic() + 20
    while True:
        try:
            channel = connect(bench.state.pins_socket, Codec(PINS_MESSAGES))
            break
        except (WireError, OSError):
            assert process.poll() is None, "the pins process ended; above is why"
            assert time.monotonic() < until, "the pins process does not answer"
            time.sleep(0.05)
    yield Pins(process, channel)
    channel.close()
    process.terminate()
    process.wait(10)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if FIGURES:
        terminalreporter.section("measured on this board")
        for line in FIGURES:
            terminalreporter.write_line(line)
