"""Makers: what puts a Wiegand frame on the wires; one file each, chosen by the scheme of the line's `maker` URL.

Pins claims both wires through the board's GPIO back end, at rest, before a maker is opened; one whose library wants to own its
lines (`claims_wires`) does so itself, and where it cannot, the back end has them before busy-wait stands in for it. The maker on
lgpio's waves needs two inputs that hear the wires, as lgpio reports no edges of its own outputs. The maker on the PIO of a Pi 5's
RP1 speaks to the kernel's driver itself: its library (raspberrypi/utils, piolib) is in C and has no Python package. It has run on a
twin of that chip only, never on the board.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Mapping
from functools import cache

from board.kit import registry
from board.kit.errors import BoardError, PinBusy
from board.ports import Gpio
from board.types import WiegandLine
from board.wiegand.makers._kind import ChipLines, MakerKind, PulseMaker

__all__ = ["PulseMaker", "chip_lines", "claims_wires", "open_maker"]

log = logging.getLogger("pins.wiegand")

AGAIN_S = 0.02


def claims_wires(line: WiegandLine) -> bool:
    """Whether the maker that `line.maker` names claims both wires itself: then nobody else may before `open_maker`."""
    kind = _kinds().get(_scheme(line))
    return kind is not None and kind.claims_wires


def chip_lines(line: WiegandLine) -> ChipLines | None:
    """What the maker that `line.maker` names takes of a chip by itself; None: nothing, or its URL is wrong, which `open_maker`
    reports."""
    kind = _kinds().get(_scheme(line))
    if kind is None or kind.lines is None:
        return None
    try:
        return kind.lines(line)
    except BoardError:
        return None


def open_maker(line: WiegandLine, gpio: Gpio, patience_s: float = 0.0) -> PulseMaker:
    """The maker that `line.maker` names, its wires claimed: by the caller through `gpio`, or by itself (`claims_wires`).

    A missing maker does not stop the board: busy-wait stands in for it, and the wires that it should have claimed are claimed
    through `gpio`, at rest; PinBusy when that fails too. `patience_s`: how long a taken wire is waited for."""
    kinds = _kinds()
    kind = kinds.get(_scheme(line))
    try:
        if kind is None:
            raise BoardError(
                "{name}: there is no maker of pulses for {maker!r}; there are {kinds}",
                name=line.name,
                maker=line.maker,
                kinds=sorted(kinds),
            )
        return _opened(kind, line, gpio, patience_s)
    except BoardError as why:
        log.error("%s; %s is made by busy-wait instead", why, line.name)
    if kind is not None and kind.claims_wires:
        for pin in (line.d0, line.d1):
            gpio.claim_output(pin, not line.active_high, "pins")
    return kinds["busy"].open(line, gpio)


def _opened(kind: MakerKind, line: WiegandLine, gpio: Gpio, patience_s: float) -> PulseMaker:
    until = time.monotonic() + patience_s
    while True:
        try:
            return kind.open(line, gpio)
        except PinBusy:
            if time.monotonic() >= until:
                raise
        time.sleep(AGAIN_S)


@cache
def _kinds() -> Mapping[str, MakerKind]:
    """By scheme."""
    return {kind.scheme: kind for kind in registry.find(sys.modules[__name__], "MAKER", MakerKind).values()}


def _scheme(line: WiegandLine) -> str:
    return line.maker.partition(":")[0]
