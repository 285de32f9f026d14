"""Wiegand comparison: frames of every format through pins, and through a naive writer (RPi.GPIO's calls with time.sleep), on the
same simulated chip in the same run, with every core busy; each frame is decoded by the receiver.

In blocks of one format, first pins, then the naive writer, so that both meet the same load and the edge log stays small;
`--boards 6` sends six blocks at a time.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from board.gpio.sim import SimChip  # noqa: E402
from board.kit.errors import BoardError  # noqa: E402
from board.kit.state import State  # noqa: E402
from board.profiles import load  # noqa: E402
from board.types import WiegandCode  # noqa: E402
from board.wiegand.codes import LAYOUTS, PLATE_BITS, bit_text, decode, decode_plate64, encode_data, encode_plate64  # noqa: E402
from board.wiegand.measure import GAP_MS, Sent, send_through_pins  # noqa: E402
from board.wiegand.pulses import MAX_PERIOD_US, MAX_WIDTH_US, MIN_PERIOD_US, MIN_WIDTH_US  # noqa: E402
from board.wiegand.receive import ReceivedFrame, read_edges, receive  # noqa: E402

BLOCK_FRAMES = 1000
"""At most; a short run has a block of every format too."""

FORMATS = len(LAYOUTS) + 1
NAIVE_SHARE = 10
"""The naive writer sends one frame for so many of pins: it is there to be compared, not to be proved."""

NAIVE_GAP_S = GAP_MS / 1000
PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)


@dataclass(slots=True)
class Tally:
    """What the receiver made of one writer's frames; errors are counted in steps of 0.1 us."""

    frames: int = 0
    wrong: int = 0
    """A whole frame that says something else than was sent."""
    lost: int = 0
    """No whole frame said what was sent."""
    refused: int = 0
    """Frames with a pulse or an interval outside the SIA limits, or torn: a panel may refuse them."""
    repeated: int = 0
    pulses: int = 0
    pulses_outside: int = 0
    width_us: Counter[float] = field(default_factory=Counter)
    interval_us: Counter[float] = field(default_factory=Counter)

    def take(self, codes: Sequence[WiegandCode], received: Sequence[ReceivedFrame], width_us: int, period_us: int) -> None:
        """One block: what was sent, in order and of one format, as a panel is set to one; what arrived, in order."""
        whole = [frame.code for frame in received if not frame.fault and is_whole(frame.code, codes[0].bits)]
        sent = set(codes)
        self.frames += len(codes)
        self.wrong += sum(code not in sent for code in whole)
        self.lost += len(sent - set(whole))
        for frame in received:
            intervals_us = frame.intervals_us
            outside = sum(not MIN_WIDTH_US <= width <= MAX_WIDTH_US for width in frame.widths_us)
            torn = bool(frame.fault) or frame.code not in sent
            apart = all(MIN_PERIOD_US <= interval <= MAX_PERIOD_US for interval in intervals_us)
            self.refused += torn or outside > 0 or not apart
            self.pulses += len(frame.widths_us)
            self.pulses_outside += outside
            self.width_us.update(round(abs(width - width_us), 1) for width in frame.widths_us)
            self.interval_us.update(round(abs(interval - period_us), 1) for interval in intervals_us)

    def figures(self) -> dict[str, Any]:
        return {
            "frames": self.frames, "wrong": self.wrong, "lost": self.lost, "refused_by_a_panel": self.refused,
            "sent_again": self.repeated, "pulses": self.pulses, "pulses_outside": self.pulses_outside,
            "width_error_us": percentiles(self.width_us), "interval_error_us": percentiles(self.interval_us),
        }  # fmt: skip


def compare(frames: int, width_us: int, period_us: int, busy: bool, boards: int, say: Callable[[str], None]) -> dict[str, Any]:
    """{"pins": figures, "naive": figures, ...} of `frames` frames; `busy`: every core has a process that never rests; `boards`:
    simulated boards that send at a time, each by a process of its own."""
    pins, naive = Tally(), Tally()
    real_time = True
    began = time.monotonic()
    length = min(BLOCK_FRAMES, -(-frames // FORMATS))
    firsts = range(0, frames, length)
    with busy_cores() if busy else nullcontext(), ThreadPoolExecutor(boards) as pool:
        blocks = [
            pool.submit(_block, range(first, min(frames, first + length)), number % FORMATS, width_us, period_us)
            for number, first in enumerate(firsts)
        ]
        for done in as_completed(blocks):
            codes, sent, few, received = done.result()
            pins.take(codes, sent.received, width_us, period_us)
            pins.repeated += sent.repeated
            real_time = real_time and sent.real_time
            naive.take(few, received, width_us, period_us)
            say(f"{pins.frames} of {frames} frames, {pins.wrong} wrong, {pins.lost} lost")
    return {
        "width_us": width_us, "period_us": period_us, "cores": os.cpu_count(), "cores_busy": busy, "boards": boards,
        "pins_real_time": real_time, "seconds": round(time.monotonic() - began), "pins": pins.figures(), "naive": naive.figures(),
    }  # fmt: skip


def _block(
    numbers: range, place: int, width_us: int, period_us: int
) -> tuple[list[WiegandCode], Sent, list[WiegandCode], list[ReceivedFrame]]:
    """Frames of one format by pins, then some of them by the naive writer: what each sent and what arrived."""
    codes = [code_of(number, place) for number in numbers]
    few = codes[: max(1, len(codes) // NAIVE_SHARE)]
    with tempfile.TemporaryDirectory() as folder:
        state = State(Path(folder))
        sent = send_through_pins(state, codes, width_us, period_us)
        return codes, sent, few, _send_naively(state, numbers[: len(few)], place, width_us, period_us)


def code_of(number: int, place: int) -> WiegandCode:
    """The `number`th code, in the `place`th of the FORMATS; every code of a run is another one."""
    layouts = list(LAYOUTS.values())
    if place == len(layouts):
        return encode_plate64(f"{number:X}GW")
    return encode_data(layouts[place], (number * 40_503 + 977) % (1 << layouts[place].data_bits))


def is_whole(code: WiegandCode, bits: int) -> bool:
    """A panel that is set to a format of `bits` bits would take it: the length, and the parity or prefix."""
    if code.bits != bits:
        return False
    try:
        if bits == PLATE_BITS:
            decode_plate64(code)
        else:
            decode(next(layout for layout in LAYOUTS.values() if layout.bits == bits), code)
    except BoardError:
        return False
    return True


def percentiles(errors: Counter[float]) -> dict[str, float]:
    """{"50": us ...}; {} when nothing was counted."""
    total, found, passed = errors.total(), {}, 0
    left = list(PERCENTILES)
    for error in sorted(errors):
        passed += errors[error]
        while left and passed >= total * left[0] / 100:
            found[f"{left.pop(0):g}"] = error
    return found


@contextmanager
def busy_cores() -> Iterator[None]:
    burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(os.cpu_count() or 1)]
    for burner in burners:
        burner.start()
    try:
        yield
    finally:
        for burner in burners:
            burner.terminate()
            burner.join()


def _burn() -> None:
    while True:
        pass


# --- the naive writer -------------------------------------------------------------------------------------------------


def _send_naively(state: State, numbers: range, place: int, width_us: int, period_us: int) -> list[ReceivedFrame]:
    """Runs the naive writer in a process of its own; what the receiver got."""
    log = state.sim / "edges.jsonl"
    log.unlink(missing_ok=True)
    words = [str(number) for number in (numbers.start, numbers.stop, place, width_us, period_us)]
    subprocess.run([sys.executable, str(Path(__file__).resolve()), "--naive", str(state.root), *words], check=True)
    return receive(read_edges(log), load(state).wiegand[0])


def write_naively(state: State, numbers: range, place: int, width_us: int, period_us: int) -> None:
    """As the examples on the net do it: `GPIO.output`, `time.sleep`, `GPIO.output`, `time.sleep`, in an ordinary process."""
    profile = load(state)
    port = profile.wiegand[0]
    chip = SimChip(profile, state)
    for pin in (port.d0, port.d1):
        chip.claim_output(pin, not port.active_high, "naive")
    for number in numbers:
        for bit in bit_text(code_of(number, place)):
            pin = port.d1 if bit == "1" else port.d0
            chip.write(pin, port.active_high, hurry=True)  # the chip's own books are written in the pause, as for pins
            time.sleep(width_us / 1e6)
            chip.write(pin, not port.active_high)
            time.sleep((period_us - width_us) / 1e6)
        time.sleep(NAIVE_GAP_S)
    chip.close()


# --- the command ------------------------------------------------------------------------------------------------------

ROWS = (
    ("frames", "frames"), ("wrong", "decoded as something else"), ("lost", "never arrived whole"),
    ("sent_again", "sent again for their edges"), ("refused_by_a_panel", "outside the SIA limits"),
    ("pulses", "pulses"), ("pulses_outside", "pulses outside 20 to 100 us"),
)  # fmt: skip


def table(figures: dict[str, Any]) -> str:
    """For people: one column for pins, one for the naive writer."""
    busy = "every core busy" if figures["cores_busy"] else "nothing else asked to run"
    rank = "SCHED_FIFO" if figures["pins_real_time"] else "ordinary scheduling (no SCHED_FIFO permitted)"
    lines = [
        f"Wiegand on the simulated chip: pulses of {figures['width_us']} us every {figures['period_us']} us,",
        f"{figures['cores']} cores, {busy}, pins with {rank}, boards at a time: {figures['boards']}, {figures['seconds']} s",
        f"{'':34}{'pins':>12}{'naive':>12}",
    ]
    writers = (figures["pins"], figures["naive"])
    lines += [f"{label:34}" + "".join(f"{writer[name]:>12}" for writer in writers) for name, label in ROWS]
    for name, label in (("width_error_us", "pulse width off by, us"), ("interval_error_us", "interval off by, us")):
        for percent in writers[0][name]:
            rank_text = "max" if percent == "100" else f"p{percent}"
            lines.append(f"{label:28}{rank_text:>6}" + "".join(f"{writer[name].get(percent, 0):>12.1f}" for writer in writers))
    return "\n".join(lines)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def main() -> int:
    if sys.argv[1:2] == ["--naive"]:
        start, stop, place, width_us, period_us = map(int, sys.argv[3:])
        write_naively(State(Path(sys.argv[2])), range(start, stop), place, width_us, period_us)
        return 0
    parser = argparse.ArgumentParser(prog="scripts/bench-wiegand", description=__doc__)
    parser.add_argument(
        "--frames",
        type=int,
        default=100_000,
        help="frames through pins (default 100000; one board takes hours, eight took 37 minutes)",
    )
    parser.add_argument("--width-us", type=int, default=80, help="pulse width (default 80)")
    parser.add_argument("--period-us", type=int, default=500, help="from pulse to pulse (default 500)")
    parser.add_argument("--boards", type=int, default=1, help="simulated boards that send at the same time (default 1)")
    parser.add_argument("--idle", action="store_true", help="leaves the cores alone")
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args()
    if options.boards < 1 or options.frames < 1:
        parser.error("--boards, --frames: at least 1")
    figures = compare(options.frames, options.width_us, options.period_us, not options.idle, options.boards, _say)
    print(json.dumps(figures) if options.json else table(figures))
    return 1 if figures["pins"]["wrong"] else 0  # a lost one is told by pins itself: it was torn twice


if __name__ == "__main__":
    sys.exit(main())
