"""The bench: the board under test, its wires, the chip or a pins process on it, and what a test says about itself."""

from __future__ import annotations

import dataclasses
import gc
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from board.board_file import BoardFile, write_board
from board.gpio import all_kinds, open_gpio
from board.gpio.sim import plug_wire
from board.kit.errors import BoardError, GatewrightError, WireError
from board.kit.state import State
from board.kit.wire import Channel, Codec, connect
from board.pins.realtime import PRIORITY, SWITCH_INTERVAL_S
from board.ports import Gpio
from board.profiles import load
from board.types import PINS_MESSAGES, BoardProfile, InputEdge, WiegandLine
from board.wiegand.makers import PulseMaker, claims_wires, open_maker
from board.wiegand.makers.busy import BusyMaker
from board.wiegand.makers.lgpio import LgpioMaker
from hil_tests import virtual_wires
from hil_tests.machine import ClockChip
from hil_tests.wiring import check_wires, diagram, wires

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
ENVIRONMENT = "GATEWRIGHT_HIL"
PINS_START_S = 60.0
PINS_END_S = 60.0
"""Far longer than either takes: the clock of a virtual board leaps while its machine is slow to give it a file."""
STAND_IN = "busy:"
PICTURE = "picture.jpg"
"""What the camera saw, in the STATE of the run."""


@dataclass(frozen=True, slots=True)
class Order:
    """What the technician asked for. `folder`: STATE of this run, thrown away; `wires`: a simulated board's wires that are
    not as they should be ({output: input or ""}); `ask`: wait for the technician before each stage."""

    board: str
    folder: str
    frames: int = 1000
    ask: bool = False
    camera: str = ""
    sd: str = ""
    serial: str = ""
    wires: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_environment(cls) -> Order | None:
        """The order that `hil_tests.__main__` left for the tests; None when pytest was started by hand."""
        text = os.environ.get(ENVIRONMENT)
        return cls(**json.loads(text)) if text else None

    def to_environment(self) -> None:
        os.environ[ENVIRONMENT] = json.dumps(dataclasses.asdict(self))


@dataclass
class Bench:
    """The board under test. `slack_ms`: how late the bench may see an edge (a computer that plays one is no board)."""

    order: Order
    state: State
    profile: BoardProfile
    stage: str = ""
    faults: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """{stage: what is wrong with its wires}, once they were checked."""
    told: list[tuple[str, object]] = field(default_factory=list)
    """The running test's properties."""
    clock_chips: tuple[ClockChip, ...] = ()
    """As they were when the run began."""
    camera_problem: str = "not tried"
    """"" once the board's camera delivered a picture."""

    @property
    def slack_ms(self) -> float:
        return 500.0 if self.profile.simulated or self.profile.emulated else 15.0

    @property
    def patience(self) -> int:
        """How many times as long as on a board a process may take to start or to answer."""
        return 6 if self.profile.emulated else 1

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        return wires(self.profile, self.stage)

    def seen_ms(self, wanted_ms: int) -> int:
        """A time that every input of the board reports: `wanted_ms`, or more where an input is debounced for long, or an emulated
        computer may pause: two edges that follow each other after a pause are one that is debounced away."""
        longest_ms = max(3 * line.debounce_ms for line in self.profile.inputs)
        return max(wanted_ms, longest_ms + (round(self.slack_ms) if self.profile.emulated else 0))

    def note(self, text: str) -> None:
        """A measured figure."""
        self.told.append(("figure", text))

    def through(self, text: str, kernel: bool) -> None:
        """What the test ran through; `kernel`: a real driver of the kernel, for the hardware that the test is about."""
        self.told.append(("kernel" if kernel else "through", text))

    def show(self, rgb: NDArray[np.uint8]) -> None:
        """The picture that the report shows: kept in this run's STATE."""
        from PIL import Image

        Image.fromarray(rgb).save(self.state.root / PICTURE, quality=85)

    def through_chip(self) -> None:
        """As `through`, for the board's GPIO chip."""
        if self.profile.simulated:
            self.through("simulated chip", kernel=False)
        else:
            self.through(
                f"{self.profile.gpio} on {self.profile.chip_labels[0] if self.profile.chip_labels else 'GPIO'}", kernel=True
            )

    def wire(self, stage: str) -> None:
        """Has the wires of `stage` in place: plugs them on the simulator, asks the technician on a bench."""
        if stage == self.stage:
            return
        if self.profile.simulated:
            for output, _ in self.pairs:
                plug_wire(self.state, output, "")
            plugged = dict(wires(self.profile, stage)) | self.order.wires
            for output, input_name in plugged.items():
                plug_wire(self.state, output, input_name)
        elif self.profile.emulated:
            virtual_wires.plug(self.profile, wires(self.profile, stage))
        elif self.order.ask:
            print(f"\n{diagram(self.profile, stage)}")
            try:
                with Path("/dev/tty").open() as terminal:
                    print("Wires in place? Enter to go on ", end="", flush=True)
                    terminal.readline()
            except OSError as why:
                raise BoardError(
                    "nobody can be asked whether the wires are in place ({why}): give --yes once they are", why=why.strerror
                ) from why
        self.stage = stage

    def check(self, stage: str) -> tuple[str, ...]:
        """What is wrong with the wires of `stage`, found once by slow levels."""
        self.wire(stage)
        if stage not in self.faults:
            with self.chip() as gpio:
                self.faults[stage] = check_wires(gpio, load(self.state), stage)
        return self.faults[stage]

    def must_have(self, stage: str) -> None:
        """Skips the test unless the wires of `stage` are in place and right."""
        if not wires(self.profile, stage):
            pytest.skip(f"this board has no lines for stage {stage}")
        try:
            faults = self.check(stage)
        except GatewrightError as why:
            pytest.skip(f"the wires of stage {stage} could not be checked: {why}")
        if faults:
            pytest.skip(f"the wires of stage {stage} are wrong")

    @contextmanager
    def chip(self, state: State | None = None) -> Iterator[Gpio]:
        """The chip itself (that of another STATE where one is given), without a pins process, with the wires as they are."""
        state = state or self.state
        state.sim.mkdir(parents=True, exist_ok=True)
        opened = open_gpio(load(state), state)
        try:
            yield opened
        finally:
            opened.close()
            _let_go(self.profile)

    @contextmanager
    def maker(self, port: WiegandLine, gpio: Gpio) -> Iterator[tuple[PulseMaker, str]]:
        """What makes the pulses of `port`, with its wires at rest on the chip `gpio`, and its URL: the profile's, or busy-wait
        where that maker is missing."""
        os.environ.setdefault("LG_WD", str(self.state.run))  # as pins does
        self.state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not claims_wires(port):
            for pin in (port.d0, port.d1):
                gpio.claim_output(pin, not port.active_high, "hil")
        maker = open_maker(port, gpio)
        try:
            yield maker, STAND_IN if isinstance(maker, BusyMaker) else port.maker
        finally:
            maker.close()
            if isinstance(maker, LgpioMaker):
                maker.release()

    @contextmanager
    def ears(self, speaker: Gpio) -> Iterator[Gpio]:
        """A chip whose edges carry the kernel's time and level: `speaker` itself, or the same pins through gpiod where the
        board's library calls back too late to tell a pulse of 80 us. Skips the test when gpiod is not installed."""
        if self.profile.gpio != "rpi":
            yield speaker
            return
        try:
            opened = all_kinds()["gpiod"].open(load(self.state), self.state)
        except BoardError as why:
            pytest.skip(f"frames cannot be received without the kernel's edge times: {why}")
        try:
            yield opened
        finally:
            opened.close()

    @contextmanager
    def pins(self) -> Iterator[Pins]:
        """A pins process and a channel to it; it ends with the block."""
        command = [sys.executable, "-m", "board.pins", "--state", str(self.state.root)]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)  # its log says the same
        try:
            channel = pins_channel(self.state, process)
            try:
                yield Pins(process, channel, {input_name: output for output, input_name in self.pairs})
            finally:
                channel.close()
        finally:
            process.terminate()
            process.wait(PINS_END_S)


@contextmanager
def real_time() -> Iterator[None]:
    """Times pulses as the pins process does (board/pins/realtime.py), as far as the system permits, with all threads that
    start within, and with those of a chip's library that an earlier test opened."""
    policy, rank, interval_s = os.sched_getscheduler(0), os.sched_getparam(0), sys.getswitchinterval()
    gc.collect()
    gc.disable()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    _schedule(os.SCHED_FIFO, os.sched_param(PRIORITY))
    try:
        yield
    finally:
        _schedule(policy, rank)
        sys.setswitchinterval(interval_s)
        gc.enable()


def _schedule(policy: int, rank: os.sched_param) -> None:
    for task in Path("/proc/self/task").iterdir():
        with suppress(OSError):  # not permitted, or a thread that ended
            os.sched_setscheduler(int(task.name), policy, rank)


@dataclass
class Pins:
    """A running pins process and a channel to it."""

    process: subprocess.Popen[bytes]
    channel: Channel
    wired: dict[str, str]
    """{input: the output at the other end of its wire}"""

    def edges(self, input_name: str, count: int, timeout_s: float) -> list[InputEdge]:
        """The next `count` edges of an input; fails when they do not come in time."""
        return next_edges(self.channel, input_name, self.wired[input_name], count, timeout_s)


def _let_go(profile: BoardProfile) -> None:
    """RPi.GPIO's libraries hold their lines until the process ends; the pins process that comes next needs them. They float
    then, which a bench with no gate may."""
    if profile.gpio == "rpi":
        from RPi import GPIO

        GPIO.cleanup()


def next_edges(channel: Channel, input_name: str, output: str, count: int, timeout_s: float) -> list[InputEdge]:
    """The next `count` edges of an input, wired to `output`, that pins tells `channel`; fails when they do not come in time."""
    edges: list[InputEdge] = []
    until = time.monotonic() + timeout_s
    while len(edges) < count:
        message = channel.receive(max(0.0, until - time.monotonic()))
        if message is None:
            seen = f"{input_name} saw {len(edges)} of {count} edges of {output} within {timeout_s:g} s"
            pytest.fail(f"{seen}: is the wire between them in place?")
        if isinstance(message, InputEdge) and message.input == input_name:
            edges.append(message)
    return edges


def pins_channel(state: State, process: subprocess.Popen[bytes], within_s: float = PINS_START_S) -> Channel:
    """A channel to the pins process of `state` once it answers; fails when `process` ended before that."""
    until = time.monotonic() + within_s
    while True:
        try:
            return connect(state.pins_socket, Codec(PINS_MESSAGES))
        except (WireError, OSError):
            if process.poll() is not None:
                pytest.fail(f"the process ended: {last_words(state)}")
            if time.monotonic() > until:
                pytest.fail(f"the pins process does not answer: {last_words(state)}")
            time.sleep(0.05)


def last_words(state: State) -> str:
    """The last line of each log of a STATE."""
    lines = [file.read_text(errors="replace").strip().splitlines()[-1:] for file in sorted(state.logs.glob("*.log"))]
    return " | ".join(line for last in lines for line in last)[:600] or "it logged nothing"


def open_bench(order: Order) -> Bench:
    """The bench of an order, with a STATE of its own in `order.folder`."""
    state = State(Path(order.folder))
    write_board(state, BoardFile(order.board, order.camera, order.sd))
    return Bench(order, state, load(state))


def percentiles(values: list[float], *wanted: int) -> tuple[float, ...]:
    """Values below which `wanted` percent of `values` (not empty) lie; 100 is the largest."""
    ordered = sorted(values)
    return tuple(ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] for percent in wanted)
