"""Choices: what the forms offer to choose from on this board, by widget."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones

from board.kit.web.forms import Choices
from board.kit.words import mark
from board.types import BoardProfile
from engine.countries import countries, regions


def settings_choices(profile: BoardProfile) -> Choices:
    """For the settings of recognition, camera and device."""
    return {
        **board_choices(profile),
        "region": tuple((region, region) for region in regions()),
        "countries": tuple((each.code, each.name) for each in countries().values()),
    }


def board_choices(profile: BoardProfile) -> Choices:
    """What a board has."""
    outputs = tuple((line.name, line.name) for line in profile.outputs)
    inputs = tuple((line.name, line.name) for line in profile.inputs)
    return {
        "output": outputs,
        "output_seconds": outputs,
        "output_pulses": outputs,
        "input": inputs,
        "input_seconds": inputs,
        "wiegand_port": tuple((line.name, line.name) for line in profile.wiegand),
        "time_zone": time_zones(),
    }


@cache
def time_zones() -> tuple[tuple[str, str], ...]:
    """The system's, then every zone of its database."""
    return (("", mark("the system's (System, Time)")), *((name, name) for name in sorted(available_timezones())))
