"""Camera settings: exposure by day and infra-red night, focus, flicker, turning and cutting, declared once for every back end."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING

from pydantic import field_validator, model_validator

from board.kit.errors import ConfigError
from board.kit.settings import Problem, Settings, option
from board.kit.words import Text

if TYPE_CHECKING:  # the portal shows these settings without numpy's 15 MB
    import numpy as np
    from numpy.typing import NDArray

AS_IS = "as is"
FLICKER_HZ = {"off": 0, "50 Hz": 50, "60 Hz": 60}
NIGHTS = ("never", "schedule", "light", "always")
TIME_OF_DAY = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")


class CameraSettings(Settings):
    """Camera tab. What a camera cannot do of it is named in the portal; the rest holds."""

    key = "camera"

    frame_rate: int = option(
        15,
        "Frame rate",
        "Pictures a second that are asked of the camera; a network camera keeps its own.",
        unit="/s",
        restart=True,
        group="Picture",
        ge=1,
        le=60,
    )
    flicker: str = option(
        AS_IS,
        "Lamp flicker",
        "Frequency of the mains whose lamps light the plate: automatic exposure then shows no bands.",
        choices=(AS_IS, *FLICKER_HZ),
        restart=True,
        group="Picture",
    )
    rotate_180: bool = option(
        False, "Upside down", "The camera hangs upside down: the picture is turned.", restart=True, group="Picture"
    )
    hflip: bool = option(
        False, "Mirror left and right", "Only behind a mirror: plates must be readable.", restart=True, group="Picture"
    )
    vflip: bool = option(
        False, "Mirror top and bottom", "Only behind a mirror: plates must be readable.", restart=True, group="Picture"
    )
    cut_left_pct: int = option(
        0, "Cut off left", "Part of the view that is left out.", unit="%", restart=True, group="Picture", ge=0, le=45
    )
    cut_right_pct: int = option(
        0, "Cut off right", "Part of the view that is left out.", unit="%", restart=True, group="Picture", ge=0, le=45
    )
    cut_top_pct: int = option(
        0, "Cut off top", "Part of the view that is left out.", unit="%", restart=True, group="Picture", ge=0, le=45
    )
    cut_bottom_pct: int = option(
        0, "Cut off bottom", "Part of the view that is left out.", unit="%", restart=True, group="Picture", ge=0, le=45
    )
    focus: str = option(
        AS_IS,
        "Focus",
        "'manual' holds the lens position below, 'automatic' lets the module focus; 'as is' for lenses turned by hand.",
        choices=(AS_IS, "manual", "automatic"),
        restart=True,
        group="Focus",
    )
    lens_position: float = option(
        0.3,
        "Lens position",
        "1 / distance in metres on a Pi camera (0.3 is about 3.3 m, 0 infinity); the driver's own number on a USB camera.",
        restart=True,
        group="Focus",
        ge=0,
        le=4095,
    )
    day_shutter_us: int = option(
        0,
        "Shutter by day",
        "Exposure time; 0 is automatic. At 20 km/h a car moves 5.6 mm in 1000 µs.",
        unit="µs",
        restart=True,
        group="Exposure by day",
        ge=0,
        le=200000,
    )
    day_gain: float = option(
        0,
        "Gain by day",
        "Amplification of the sensor (1 is none; a USB camera counts in its driver's numbers); 0 is automatic.",
        restart=True,
        group="Exposure by day",
        ge=0,
        le=1023,
    )
    night: str = option(
        "never",
        "Night preset",
        "When the night exposure below holds: never, by the clock, by the light that a Pi camera measures, or always.",
        choices=NIGHTS,
        restart=True,
        group="Infra-red night",
    )
    night_from: str = option(
        "20:00", "Night from", "Local time, for 'schedule'.", restart=True, group="Infra-red night", widget="time"
    )
    night_until: str = option(
        "06:30", "Night until", "Local time, for 'schedule'.", restart=True, group="Infra-red night", widget="time"
    )
    night_below_lux: float = option(
        10,
        "Night below",
        "Light level, for 'light': darker than this for 20 s is night. The camera sees its own infra-red lamp as light.",
        unit="lx",
        restart=True,
        group="Infra-red night",
        ge=0.1,
        le=100000,
    )
    day_above_lux: float = option(
        40,
        "Day above",
        "Light level, for 'light': brighter than this for 20 s is day; must be above 'Night below', so that nothing flaps.",
        unit="lx",
        restart=True,
        group="Infra-red night",
        ge=0.1,
        le=100000,
    )
    night_shutter_us: int = option(
        1000,
        "Shutter by night",
        "Exposure time; 0 is automatic. Short: reflecting plates stay dark enough to read and headlamps do not bleed.",
        unit="µs",
        restart=True,
        group="Infra-red night",
        ge=0,
        le=200000,
    )
    night_gain: float = option(
        8,
        "Gain by night",
        "Amplification of the sensor; 0 is automatic. More than the camera has is its most.",
        restart=True,
        group="Infra-red night",
        ge=0,
        le=1023,
    )
    night_colour: bool = option(
        False,
        "Colour by night",
        "Off: white balance stands still and a Pi camera gives a grey picture, as infra-red light has no colour.",
        restart=True,
        group="Infra-red night",
    )

    def conflicts(self) -> tuple[Problem, ...]:
        if self.night == "schedule" and self.night_from == self.night_until:
            return (self.conflict("night_until", "must differ from {begin}", begin=self.title_of("night_from")),)
        return ()

    @field_validator("night_from", "night_until")
    @classmethod
    def _time_of_day(cls, text: str) -> str:
        if not TIME_OF_DAY.fullmatch(text):
            raise ConfigError("must be a time of day such as 20:00")
        return text

    @model_validator(mode="after")
    def _levels_apart(self) -> CameraSettings:
        if self.day_above_lux <= self.night_below_lux:
            raise ConfigError("must be more than 'Night below'", field="day_above_lux")
        return self


TURNING = ("rotate_180", "hflip", "vflip", "cut_left_pct", "cut_right_pct", "cut_top_pct", "cut_bottom_pct")
NEVER_MISSED = ("night_from", "night_until", "night_below_lux", "day_above_lux", "night_shutter_us", "night_gain", "night_colour",
                "lens_position")  # fmt: skip
"""Mean nothing by themselves: `night` and `focus` stand for them."""


@dataclass(frozen=True, slots=True)
class CameraSetup:
    """What is asked of a camera. `size`: (width, height) of its frames; `small`: of `Frame.small`, None when nobody needs it;
    `zone`: in which the night's schedule is meant."""

    size: tuple[int, int]
    settings: CameraSettings = field(default_factory=CameraSettings)
    zone: tzinfo = UTC
    small: tuple[int, int] | None = None


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
    default = CameraSettings()
    names = [name for name in CameraSettings.model_fields if name not in done and name not in NEVER_MISSED]
    titles = [
        Text(CameraSettings.model_fields[name].title or name) for name in names if getattr(settings, name) != getattr(default, name)
    ]
    return (Text("{settings}: {why}", {"settings": titles, "why": why}),) if titles else ()
