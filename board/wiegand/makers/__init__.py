"""Makers: what puts a Wiegand frame on the wires; one file each, chosen by the scheme of the line's `maker` URL.

Pins claims both wires through the board's GPIO back end whatever the maker: their rest level, and who owns them, never depend on
it. There is no maker for the PIO of a Pi 5's RP1: its library (raspberrypi/utils, piolib) is C, without a package for Python, and
none of it could be tried without the board. There is none on lgpio's `tx_wave` either: a sleeping thread without real-time rank,
and lgpio reports no edges of its own outputs, so that no frame could be checked.
"""

from __future__ import annotations

import logging
import sys

from board.kit import registry
from board.kit.errors import BoardError
from board.ports import Gpio
from board.types import WiegandLine
from board.wiegand.makers._kind import MakerKind, PulseMaker

__all__ = ["MakerKind", "PulseMaker", "open_maker"]

log = logging.getLogger("pins.wiegand")


def open_maker(line: WiegandLine, gpio: Gpio) -> PulseMaker:
    """The maker that `line.maker` names. One that is not there does not keep the board from working: busy-wait stands in for it."""
    kinds = {kind.scheme: kind for kind in registry.find(sys.modules[__name__], "MAKER", MakerKind).values()}
    kind = kinds.get(line.maker.partition(":")[0])
    try:
        if kind is None:
            raise BoardError(f"{line.name}: no maker of pulses for {line.maker!r}; there are {', '.join(sorted(kinds))}")
        return kind.open(line, gpio)
    except BoardError as why:
        log.error("%s; %s is made by busy-wait instead", why, line.name)
        return kinds["busy"].open(line, gpio)
