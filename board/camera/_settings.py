"""Camera settings: exposure by day and infra-red night, focus, flicker, turning and cutting, declared once for every back end."""

from __future__ import annotations

from board.camera._flicker import AS_IS, FLICKER_HZ
from board.kit.clock import TIME_OF_DAY
from board.kit.errors import ConfigError
from board.kit.settings import Problem, Settings, field_validator, model_validator, option
from board.kit.words import mark

NIGHTS = (mark("never"), mark("schedule"), mark("light"), mark("always"))


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
        zero="automatic",
        ge=0,
        le=200000,
    )
    day_gain: float = option(
        0,
        "Gain by day",
        "Amplification of the sensor (1 is none; a USB camera counts in its driver's numbers); 0 is automatic.",
        restart=True,
        group="Exposure by day",
        zero="automatic",
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
        zero="automatic",
        ge=0,
        le=200000,
    )
    night_gain: float = option(
        8,
        "Gain by night",
        "Amplification of the sensor; 0 is automatic. More than the camera has is its most.",
        restart=True,
        group="Infra-red night",
        zero="automatic",
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

    @field_validator("night_until")
    @classmethod
    def _ends_a_day(cls, text: str) -> str:
        return "00:00" if text == "24:00" else text  # which pages can show

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
