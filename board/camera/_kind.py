"""Camera kind: what each back end in this folder offers."""

from __future__ import annotations

from collections.abc import Callable

from board.camera._setup import CameraSetup
from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.ports import Camera


@dataclass(frozen=True, slots=True)
class CameraKind:
    """A camera back end: `schemes` of the URLs it takes ("replay", "rtsp" ...) and how it opens one.

    `open(url, setup, clock)`: `setup.size` (width, height) wanted, e.g. (1280, 960); network streams and replays are
    delivered in the size they have. CameraError says what is missing and what to do."""

    name: str
    schemes: tuple[str, ...]
    open: Callable[[str, CameraSetup, Clock], Camera]
