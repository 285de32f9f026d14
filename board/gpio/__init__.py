"""GPIO back ends: one file per chip library, each offers `GPIO`; the profile names the one it uses, there is no fall-back."""

from __future__ import annotations

import sys

from board.kit import registry
from board.kit.errors import BoardError
from board.kit.state import State
from board.ports import Gpio, GpioKind
from board.types import BoardProfile


def all_kinds() -> dict[str, GpioKind]:
    """{module name: back end}."""
    return registry.find(sys.modules[__name__], "GPIO", GpioKind)


def open_gpio(profile: BoardProfile, state: State) -> Gpio:
    """The chip of `profile`, open; BoardError says what is missing and what to do."""
    kinds = all_kinds()
    if profile.gpio not in kinds:
        raise BoardError(f"board {profile.name} wants the GPIO back end {profile.gpio!r}; there are {', '.join(kinds)}")
    return kinds[profile.gpio].open(profile, state)
