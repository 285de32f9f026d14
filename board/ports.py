"""Ports: what a camera and a GPIO back end must do; each back end is one file in its folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from board.kit.dataclass import dataclass
from board.kit.state import State
from board.kit.words import Text
from board.types import BoardProfile, Frame


class Camera(Protocol):
    """An open camera. `read` and `close` are called from one thread."""

    preset: str
    """The exposure in force: "day" or "night"; "" for a camera that is not told one."""

    @property
    def notes(self) -> tuple[Text, ...]:
        """What was asked and this camera does not do, or not quite: each names the setting, for people."""
        ...

    def read(self, timeout_s: float) -> Frame | None:
        """The newest frame not yet delivered; None when `timeout_s` passed without one (or a replay ended).
        CameraError when the camera went away: the caller closes it and opens it again later."""
        ...

    def close(self) -> None: ...


class Gpio(Protocol):
    """Claimed lines of one chip. Levels are electrical (True = high). All errors are BoardError; a taken line is PinBusy."""

    def claim_output(self, pin: int, level: bool, owner: str) -> None:
        """Takes the pin as output and drives `level` at once (no glitch to the other level)."""
        ...

    def claim_input(self, pin: int, pull: str, owner: str) -> None: ...

    def write(self, pin: int, level: bool, hurry: bool = False) -> None:
        """Drives a claimed output. `hurry`: the pin is written again at once (a Wiegand pulse): a back end that keeps books
        of its edges leaves that to the next write without `hurry`, so that it does not stretch the pulse."""
        ...

    def read(self, pin: int) -> bool: ...

    def watch(self, pins: Sequence[int], on_edge: Callable[[int, bool, int], None]) -> None:
        """Calls `on_edge(pin, level, monotonic_ns)` from a thread of the back end on every raw edge of claimed inputs."""
        ...

    def close(self) -> None:
        """Releases all lines; outputs keep their level as far as the chip does."""
        ...


@dataclass(frozen=True, slots=True)
class GpioKind:
    """A GPIO back end. `open(profile, state)`: BoardError says what is missing (library, chip, permission) and what to do;
    `taken_by(profile, state, pin)`: who holds the pin, "" when nobody does; `library`: the module that `open` imports, "": none."""

    name: str
    open: Callable[[BoardProfile, State], Gpio]
    taken_by: Callable[[BoardProfile, State, int], str]
    library: str = ""
