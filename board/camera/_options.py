"""Options of a camera URL: `?name=value&...` with known names and number ranges."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from board.kit.errors import CameraError
from board.kit.fields import is_number


def split_options(text: str, ranges: Mapping[str, tuple[float, float]]) -> tuple[str, dict[str, float]]:
    """ "/folder?fps=2" -> ("/folder", {"fps": 2.0}). A "?" that no known name follows belongs to the path.

    `ranges`: name -> (lowest, highest). CameraError names a value that is not a number or is out of range, and an unknown name."""
    path, mark, query = text.rpartition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    if not mark or not any(name in ranges for name, _ in pairs):
        return text, {}
    values: dict[str, float] = {}
    for name, value in pairs:
        if name not in ranges:
            raise CameraError("camera option {name!r} is unknown; known are {known}", name=name[:30], known=tuple(ranges))
        lowest, highest = ranges[name]
        if not is_number(value):
            raise CameraError("camera option {name}={value!r} is not a number", name=name, value=value[:30])
        number = float(value)
        if not lowest <= number <= highest:
            raise CameraError(
                "camera option {name}={value} must be {lowest:g} to {highest:g}",
                name=name,
                value=value[:30],
                lowest=lowest,
                highest=highest,
            )
        values[name] = number
    return path, values
