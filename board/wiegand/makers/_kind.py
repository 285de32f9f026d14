"""Maker kind: what a maker of Wiegand pulses must do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from board.kit.dataclass import dataclass
from board.ports import Gpio
from board.types import WiegandCode, WiegandLine
from board.wiegand.pulses import FrameTiming


class PulseMaker(Protocol):
    """Of one Wiegand port, used by its thread alone."""

    def send(self, code: WiegandCode, width_us: int, period_us: int, stop: threading.Event) -> FrameTiming:
        """Puts one frame on the wires, first bit first, and returns what its edges were like; both wires are at rest afterwards.
        `stop` keeps it from beginning (not ok); begun, it goes on to its end. BoardError when nothing could be sent."""
        ...

    def close(self) -> None:
        """Wires that the maker claimed itself stay claimed, at rest, until the process ends."""
        ...


@dataclass(frozen=True, slots=True)
class ChipLines:
    """What a maker takes of a chip by itself: both wires of its port and `inputs`, by their line numbers on the first chip there
    that has one of `chip_labels`."""

    chip_labels: tuple[str, ...]
    inputs: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class MakerKind:
    """`scheme`: of the URLs it takes ("busy"); `open(line, gpio)`: BoardError when the URL makes no sense or something is missing.

    `claims_wires`: the maker claims both wires itself, at rest, when it is opened: nobody else may before that. PinBusy while
    somebody has one: the safe-state routine may, for a moment. `lines(line)`: what it takes of a chip, by its URL alone; BoardError
    as for `open`."""

    scheme: str
    open: Callable[[WiegandLine, Gpio], PulseMaker]
    claims_wires: bool = False
    lines: Callable[[WiegandLine], ChipLines] | None = None
