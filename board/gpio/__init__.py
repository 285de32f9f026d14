"""GPIO back ends: one file per chip library, each offers `GPIO`; the profile names the one it uses, there is no fall-back."""

from __future__ import annotations

import sys

from board.gpio._expanders import WithExpanders, expander_taken_by, has_expander_lines
from board.kit import registry
from board.kit.errors import BoardError
from board.kit.state import State
from board.lines import own_lines
from board.ports import Gpio, GpioKind
from board.types import FIRST_EXPANDER_PIN, BoardProfile


def all_kinds() -> dict[str, GpioKind]:
    """{module name: back end}."""
    return registry.find(sys.modules[__name__], "GPIO", GpioKind)


def open_gpio(profile: BoardProfile, state: State) -> Gpio:
    """The chip of `profile`, open, with the pins of its expanders; BoardError says what is missing and what to do."""
    kinds = all_kinds()
    if profile.gpio not in kinds:
        raise BoardError(
            "board {name} wants the GPIO back end {back_end!r}; there are {kinds}",
            name=profile.name,
            back_end=profile.gpio,
            kinds=tuple(kinds),
        )
    kind = kinds[profile.gpio]
    if not has_expander_lines(profile):
        return kind.open(profile, state)
    return WithExpanders(kind.open(own_lines(profile), state), profile, state)


def taken_by(profile: BoardProfile, state: State, pin: int) -> str:
    """Who holds `pin`: a process of ours, another one, or a part of the kernel (I2C, SPI, UART, 1-Wire); "" when nobody does."""
    if pin >= FIRST_EXPANDER_PIN:
        return expander_taken_by(state, pin)
    return all_kinds()[profile.gpio].taken_by(profile, state, pin)
