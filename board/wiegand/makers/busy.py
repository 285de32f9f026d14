"""Busy-wait: the thread of the real-time process makes the pulses through the board's GPIO back end (`board/wiegand/pulses.py`)."""

from __future__ import annotations

import threading

from board.ports import Gpio
from board.types import WiegandCode, WiegandLine
from board.wiegand.makers._kind import MakerKind
from board.wiegand.pulses import FrameTiming, send_frame


class BusyMaker:
    """Sleeps between the pulses, is busy only around them."""

    def __init__(self, line: WiegandLine, gpio: Gpio) -> None:
        self._line = line
        self._gpio = gpio

    def send(self, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event) -> FrameTiming:
        return send_frame(self._gpio, self._line, code, width_us, period_us, stop)

    def close(self) -> None:
        pass


MAKER = MakerKind("busy", BusyMaker)
