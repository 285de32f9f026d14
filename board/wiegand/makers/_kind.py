"""Maker kind: what a maker of Wiegand pulses must do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from board.ports import Gpio
from board.types import WiegandCode, WiegandLine
from board.wiegand.pulses import FrameTiming


class PulseMaker(Protocol):
    """Of one Wiegand port, used by its thread alone."""

    def send(self, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event) -> FrameTiming:
        """Puts one frame on the wires, first bit first, and returns what its edges were like; both wires are at rest afterwards.
        `stop` ends it early (not ok). BoardError when nothing could be sent."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class MakerKind:
    """`scheme`: of the URLs it takes ("busy"); `open(line, gpio)`: BoardError when the URL makes no sense."""

    scheme: str
    open: Callable[[WiegandLine, Gpio], PulseMaker]
