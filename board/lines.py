"""Lines: the names of a profile's pins, the levels they rest at, and the kept polarity of its outputs."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Mapping

from board.kit.errors import BoardError, ConfigError
from board.kit.kept import Kept
from board.kit.state import State
from board.types import FIRST_EXPANDER_PIN, BoardProfile

log = logging.getLogger("board.lines")


def pin_names(profile: BoardProfile) -> dict[int, str]:
    """{pin: line name}; the two pins of Wiegand line "W1" are "W1.D0" and "W1.D1"."""
    names = {line.pin: line.name for line in profile.outputs} | {line.pin: line.name for line in profile.inputs}
    for port in profile.wiegand:
        names[port.d0] = f"{port.name}.D0"
        names[port.d1] = f"{port.name}.D1"
    return names


def place(profile: BoardProfile, pin: int) -> str:
    """Where a pin is, for people: "pin 17", the kernel's name of a line, or a pin of an expander."""
    if pin >= FIRST_EXPANDER_PIN:
        return f"pin {pin % FIRST_EXPANDER_PIN} of {profile.i2c[pin // FIRST_EXPANDER_PIN - 1]}"
    name = dict(profile.line_names).get(pin)
    return f"line {name}" if name else f"pin {pin}"


def own_lines(profile: BoardProfile) -> BoardProfile:
    """The profile with the lines of the board's own chip only."""
    own = dataclasses.replace(
        profile,
        outputs=tuple(line for line in profile.outputs if line.pin < FIRST_EXPANDER_PIN),
        inputs=tuple(line for line in profile.inputs if line.pin < FIRST_EXPANDER_PIN),
    )
    names = set(pin_names(own).values())
    return dataclasses.replace(own, wires=tuple(wire for wire in profile.wires if names.issuperset(wire)))


def rest_levels(profile: BoardProfile, polarity: Mapping[str, bool]) -> dict[int, bool]:
    """{pin: electrical level at rest} of every output and Wiegand pin. `polarity`: {"DO1": active high} (`load_polarity`)."""
    levels = {line.pin: not polarity.get(line.name, line.active_high) for line in profile.outputs}
    for port in profile.wiegand:
        levels[port.d0] = levels[port.d1] = not port.active_high
    return levels


def load_polarity(state: State, profile: BoardProfile) -> dict[str, bool]:
    """{output: active high} of every output: the profile's, overridden by STATE/polarity.json.

    A damaged file must not keep a gate from being closed: its copy counts, else the profile's wiring, and it is logged."""
    polarity = {line.name: line.active_high for line in profile.outputs}
    try:
        found = _kept_polarity(state).read()
    except ConfigError as why:
        log.error("the profile's polarity counts: %s", why)
        return polarity
    if found.damage is not None:
        log.error("%s%s", found.damage, "" if found.value is not None else ": the profile's polarity counts")
    polarity.update({name: active for name, active in (found.value or {}).items() if name in polarity})
    return polarity


def save_polarity(state: State, polarity: Mapping[str, bool]) -> None:
    """Replaces STATE/polarity.json and its copy as a whole; BoardError when the disk refuses."""
    try:
        _kept_polarity(state).write(polarity)
    except OSError as why:
        raise BoardError("the output polarity cannot be kept in {path}: {why}", path=state.polarity_file, why=why) from why


def _kept_polarity(state: State) -> Kept[Mapping[str, bool]]:
    return Kept(state.polarity_file, _parse_polarity, dict)


def _parse_polarity(document: object) -> Mapping[str, bool]:
    if not isinstance(document, dict):
        raise TypeError("it holds no JSON object")
    return {str(name): active for name, active in document.items() if isinstance(active, bool)}
