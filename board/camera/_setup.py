"""Camera setup: what a back end is asked for, and what all back ends derive from the camera's settings.

The engine has them as plain values (board/kit/values.py): nothing here imports the class that declares them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import field
from datetime import UTC, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from board.kit.dataclass import dataclass
from board.kit.words import Text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from board.camera._settings import CameraSettings

TURNING = ("rotate_180", "hflip", "vflip", "cut_left_pct", "cut_right_pct", "cut_top_pct", "cut_bottom_pct")
NEVER_MISSED = ("night_from", "night_until", "night_below_lux", "day_above_lux", "night_shutter_us", "night_gain", "night_colour",
                "lens_position")  # fmt: skip
"""Mean nothing by themselves: `night` and `focus` stand for them."""


def _defaults() -> CameraSettings:
    from board.camera._settings import CameraSettings

    return CameraSettings()


@dataclass(frozen=True, slots=True)
class CameraSetup:
    """What is asked of a camera. `size`: (width, height) of its frames; `small`: of `Frame.small`, None when nobody needs it;
    `zone()`: in which the night's schedule is meant; `night_file`: keeps whether the light says night for the next opening."""

    size: tuple[int, int]
    settings: CameraSettings = field(default_factory=_defaults)
    zone: Callable[[], tzinfo] = lambda: UTC
    small: tuple[int, int] | None = None
    night_file: Path | None = None


@dataclass(frozen=True, slots=True)
class Exposure:
    """A preset. `shutter_us`, `gain`: 0 is automatic; `colour`: white balance at work."""

    shutter_us: int
    gain: float
    colour: bool


def exposure(settings: CameraSettings, night: bool) -> Exposure:
    if night:
        return Exposure(settings.night_shutter_us, settings.night_gain, settings.night_colour)
    return Exposure(settings.day_shutter_us, settings.day_gain, True)


def flips(settings: CameraSettings) -> tuple[bool, bool]:
    """(left and right, top and bottom) exchanged; upside down is both."""
    return settings.hflip != settings.rotate_180, settings.vflip != settings.rotate_180


def cut(settings: CameraSettings, width: int, height: int) -> tuple[int, int, int, int]:
    """What is left of a view: (x, y, width, height), even numbers."""
    left, right = width * settings.cut_left_pct // 200 * 2, width * settings.cut_right_pct // 200 * 2
    top, bottom = height * settings.cut_top_pct // 200 * 2, height * settings.cut_bottom_pct // 200 * 2
    return left, top, width - left - right, height - top - bottom


def turned(settings: CameraSettings, rgb: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A frame (H, W, 3) turned and cut by the processor, for cameras that cannot; the same array when nothing is asked."""
    import numpy as np

    mirrored, upended = flips(settings)
    x, y, width, height = cut(settings, rgb.shape[1], rgb.shape[0])
    if not mirrored and not upended and (width, height) == (rgb.shape[1], rgb.shape[0]):
        return rgb
    part = rgb[:: -1 if upended else 1, :: -1 if mirrored else 1][y : y + height, x : x + width]
    # Channel by channel: four times as fast as copying a mirrored array as a whole.
    taken = np.empty(part.shape, np.uint8)
    for channel in range(part.shape[2]):
        taken[..., channel] = part[..., channel]
    return taken


def left_out(settings: CameraSettings, why: Text, done: Collection[str] = ()) -> tuple[Text, ...]:
    """A note that names what differs from its default and a camera does not do; `done`: the names that it does."""
    titles = [Text(title) for name, title in settings.changed().items() if name not in done and name not in NEVER_MISSED]
    return (Text("{settings}: {why}", {"settings": titles, "why": why}),) if titles else ()
