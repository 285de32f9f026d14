"""Measurement: sends frames through a real pins process on a simulated chip and tells how far their edges were off."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from board.kit.child import environment
from board.kit.dataclass import dataclass
from board.kit.errors import BoardError, WireError
from board.kit.state import State
from board.kit.wire import Channel, Codec, connect
from board.profiles import load
from board.types import PINS_MESSAGES, PinsDone, PinsRefused, SendWiegand, WatchPins, WiegandCode, WiegandSent
from board.wiegand.codes import LAYOUTS, encode_data
from board.wiegand.pulses import MAX_WIDTH_US, MIN_WIDTH_US
from board.wiegand.receive import ReceivedFrame, read_edges, receive

AHEAD = 8
"""Frames that are with pins at a time; it queues up to 32."""

GAP_MS = 30
"""Between two frames: more than the silence that ends one for the receiver."""

START_S = 60.0
PERCENTILES = (50, 90, 99, 100)


@dataclass(frozen=True, slots=True)
class EdgeErrors:
    """Of `frames` frames: {percentile: us} of |pulse width - set| and |interval - set|; `repeated`: frames that pins sent again
    because of their edges; `wrong`: codes that no good frame carried; `out_of_limits`: pulses outside 20 to 100 us."""

    frames: int
    width_us: dict[int, float]
    interval_us: dict[int, float]
    repeated: int
    wrong: int
    out_of_limits: int


def measure(folder: Path, frames: int, width_us: int = 80, period_us: int = 2000) -> EdgeErrors:
    """Sends `frames` 26-bit frames with different data. `folder`: an empty folder, used as STATE of a simulated board.

    Run once idle and once with every core busy. BoardError when pins does not start or does not answer."""
    data = [(number * 40_503 + 977) % (1 << 24) for number in range(frames)]
    codes = [encode_data(LAYOUTS["w26"], number) for number in data]
    sent = send_through_pins(State(folder), codes, width_us, period_us)
    good = {frame.code for frame in sent.received if not frame.fault}
    return EdgeErrors(
        frames,
        _percentiles([abs(width - width_us) for frame in sent.received for width in frame.widths_us]),
        _percentiles([abs(interval - period_us) for frame in sent.received for interval in frame.intervals_us]),
        sent.repeated,
        sum(code not in good for code in codes),
        sum(not MIN_WIDTH_US <= width <= MAX_WIDTH_US for frame in sent.received for width in frame.widths_us),
    )


@dataclass(frozen=True, slots=True)
class Sent:
    """What the receiver of the simulated chip got; `repeated`: frames that pins sent again; `real_time`: pins had SCHED_FIFO."""

    received: list[ReceivedFrame]
    repeated: int
    real_time: bool


def send_through_pins(state: State, codes: Sequence[WiegandCode], width_us: int, period_us: int) -> Sent:
    """Starts pins on `state`, a simulated board, sends every code once and stops it. BoardError when pins does not serve."""
    command = [sys.executable, "-m", "board.pins", "--state", str(state.root)]
    pins = subprocess.Popen(command, env=environment(), stderr=subprocess.DEVNULL)
    try:
        channel = _connect(state)
        real_time = os.sched_getscheduler(pins.pid) == os.SCHED_FIFO
        repeated = _send(channel, codes, width_us, period_us)
        channel.close()
    finally:
        pins.terminate()
        pins.wait(timeout=10)
    return Sent(receive(read_edges(state.sim / "edges.jsonl"), load(state).wiegand[0]), repeated, real_time)


def _connect(state: State) -> Channel:
    until = time.monotonic() + START_S
    while True:
        try:
            channel = connect(state.pins_socket, Codec(PINS_MESSAGES))
        except (WireError, OSError) as why:
            if time.monotonic() > until:
                raise BoardError("pins does not start: {why}; see {log}", why=why, log=state.logs / "pins.log") from why
            time.sleep(0.1)
        else:
            return channel


def _send(channel: Channel, codes: Sequence[WiegandCode], width_us: int, period_us: int) -> int:
    """All frames, some of them queued ahead, so that this process's own waits for a core are none of the line's; returns how many
    were sent with bad edges."""
    channel.send(WatchPins("watch"))
    run = time.monotonic_ns()
    waiting: deque[str] = deque()
    bad = 0
    for number, code in enumerate(codes):
        request = SendWiegand(f"{run}-{number}", "W1", code, width_us, period_us, GAP_MS)
        waiting.append(request.id)
        channel.send(request)
        if len(waiting) == AHEAD:
            bad += _await_first(channel, waiting)
    while waiting:
        bad += _await_first(channel, waiting)
    return bad


def _await_first(channel: Channel, waiting: deque[str]) -> int:
    """Until the first of `waiting` is done; how many frames were sent with bad edges meanwhile."""
    bad = 0
    while True:
        message = channel.receive(5)
        if message is None or isinstance(message, PinsRefused):
            raise BoardError("pins did not send frame {frame}: {message}", frame=waiting[0], message=message)
        if isinstance(message, WiegandSent):
            bad += not message.ok
        if isinstance(message, PinsDone) and message.id == waiting[0]:
            waiting.popleft()
            return bad


def _percentiles(errors: list[float]) -> dict[int, float]:
    if not errors:
        return {}
    ordered = sorted(errors)
    return {percent: ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] for percent in PERCENTILES}
