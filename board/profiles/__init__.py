"""Profiles: every board as data, one file each; a new file here is a new board. `load` gives the one this camera runs on."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

from board.board_file import read_board
from board.i2c import ExpanderKind, kind_of, parse_url
from board.kit import registry
from board.kit.errors import ConfigError
from board.kit.json_file import object_in, object_of
from board.kit.kept import keep_copy
from board.kit.state import State
from board.kit.words import Text
from board.lines import pin_names, rest_levels
from board.profiles._lines_file import with_lines
from board.types import FIRST_EXPANDER_PIN, BoardProfile, WiegandLine
from board.wiegand.makers import chip_lines

DEFAULT = "sim"


def all_profiles() -> dict[str, BoardProfile]:
    """{name: profile}, each with its pins checked; ConfigError names the profile and both users of a pin."""
    profiles = registry.find(sys.modules[__name__], "PROFILE", BoardProfile)
    for profile in profiles.values():
        check_pins(profile)
    return profiles


def load(state: State, name: str = "") -> BoardProfile:
    """The profile `name`, else the one that STATE/board.json names ("sim" when there is no such file), with its camera URL when
    that file gives one, and with the lines and I2C devices of STATE/lines.json.

    On a simulated board the wires of STATE/sim/wires.json are plugged in too. ConfigError when a file is damaged or names
    a board that does not exist, or when two users want one pin."""
    board = read_board(state)
    wanted = name or board.profile or DEFAULT
    profiles = all_profiles()
    if wanted not in profiles:
        raise ConfigError(
            "{path} names the board {name!r}; there are {profiles}",
            path=state.board_file,
            name=wanted,
            profiles=tuple(profiles),
        )
    profile = profiles[wanted]
    if board.camera:
        profile = dataclasses.replace(profile, camera=board.camera)
    own = object_in(state.lines_file)
    if own:
        profile = with_lines(profile, own)
        check_pins(profile)
    if profile.simulated:
        plugged = tuple((str(a), str(b)) for a, b in object_in(wires_file(state)).items())
        profile = dataclasses.replace(profile, wires=(*profile.wires, *plugged))
        check_pins(profile)
    return profile


def wires_file(state: State) -> Path:
    """{output line: input line}: loopback wires plugged into the simulated chip, as a technician does for a hil test."""
    return state.sim / "wires.json"


def check_pins(profile: BoardProfile) -> None:
    """Every pin and every name has one user. ConfigError names both users of a pin, the board's own (I2C, UART ...) included."""
    users: dict[int, str] = {}
    for pin, user in profile.reserved:
        _take(profile, users, pin, user)
    pins = [(line.pin, line.name) for line in profile.outputs] + [(line.pin, line.name) for line in profile.inputs]
    pins += [pin for port in profile.wiegand for pin in ((port.d0, f"{port.name}.D0"), (port.d1, f"{port.name}.D1"))]
    for pin, name in pins:
        _take(profile, users, pin, name)
    names = [name for _, name in pins]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ConfigError("board {name}: several lines are named {names}", name=profile.name, names=sorted(twice))
    for port in profile.wiegand:
        _check_maker(profile, users, port)
    _check_boot(profile)
    _check_expanders(profile)
    inputs = {line.name for line in profile.inputs}
    drivers = set(pin_names(profile).values()) - inputs
    for output, input_name in profile.wires:
        if output not in drivers or input_name not in inputs:
            raise ConfigError(
                "board {name}: the wire from {output} to {input} does not join an output to an input",
                name=profile.name,
                output=output,
                input=input_name,
            )


def _check_maker(profile: BoardProfile, users: dict[int, str], port: WiegandLine) -> None:
    own = chip_lines(port)
    if own is None:
        return
    for pin in own.inputs:
        _take(profile, users, pin, f"the maker of {port.name}, which hears there")
    # It drives lines by their numbers: on another chip, or where a number stands for a name, they are somebody else's.
    if not set(own.chip_labels) & set(profile.chip_labels):
        raise ConfigError(
            "board {name}: the maker {maker} of {line} drives lines of {drives}, but the board's are on {has}: take another "
            "maker, or name the chip (&chip=LABEL)",
            name=profile.name,
            line=port.name,
            maker=port.maker,
            drives=own.chip_labels,
            has=profile.chip_labels or Text("no labelled chip"),
        )
    named = dict(profile.line_names)
    by_name = [named[pin] for pin in (port.d0, port.d1, *own.inputs) if pin in named]
    if by_name:
        raise ConfigError(
            "board {name}: the maker {maker} of {line} takes lines by their numbers, not {names}",
            name=profile.name,
            line=port.name,
            maker=port.maker,
            names=by_name,
        )


def boot_pull(profile: BoardProfile, pin: int) -> str:
    """What holds `pin` from power-on until software takes it: "up", "down", "off" (nothing), "" (not known)."""
    if pin >= FIRST_EXPANDER_PIN:
        index = pin // FIRST_EXPANDER_PIN - 1
        kind = kind_of(profile.i2c[index]) if index < len(profile.i2c) else None
        return kind.boot_pull if isinstance(kind, ExpanderKind) else ""
    return next((pull for first, last, pull in profile.boot_pulls if first <= pin <= last), "")


def _check_boot(profile: BoardProfile) -> None:
    # Between power-on and the start of our software nobody drives a pin: its pull must not be what opens the gate.
    held = {line.pin for line in profile.outputs if line.held}
    names = pin_names(profile)
    for pin, rest in rest_levels(profile, {}).items():
        if pin not in held and boot_pull(profile, pin) == ("down" if rest else "up"):
            raise ConfigError(
                "board {name}: {line} on pin {pin} would be active while the board boots: the pin is pulled {pull} then; take "
                "another pin, turn its polarity, or hold it by a resistor and say so (held)",
                name=profile.name,
                line=names[pin],
                pin=pin,
                pull=Text("down") if rest else Text("up"),
            )


def _check_expanders(profile: BoardProfile) -> None:
    kinds = [kind_of(url) for url in profile.i2c]
    used = {pin // FIRST_EXPANDER_PIN - 1 for pin in pin_names(profile)}
    places = [parse_url(url) for index, url in enumerate(profile.i2c) if index in used and isinstance(kinds[index], ExpanderKind)]
    for at, place in enumerate(places):
        # Each write moves all pins of a chip: what one of two had switched on, the other would switch off, and the other way round.
        if any((place.scheme, place.bus, place.address) == (one.scheme, one.bus, one.address) for one in places[:at]):
            raise ConfigError(
                "board {name}: {device} is listed twice: list it once, for all its lines", name=profile.name, device=place
            )
    for pin, name in pin_names(profile).items():
        if pin < FIRST_EXPANDER_PIN:
            continue
        index, number = pin // FIRST_EXPANDER_PIN - 1, pin % FIRST_EXPANDER_PIN
        kind = kinds[index] if index < len(kinds) else None
        if not isinstance(kind, ExpanderKind):
            raise ConfigError(
                "board {name}: {line} is on I2C device {index}, which is not an expander of this board",
                name=profile.name,
                line=name,
                index=index,
            )
        if number >= kind.pins:
            raise ConfigError(
                "board {name}: {line} is on pin {number} of {device}, which has 0 to {highest}",
                name=profile.name,
                line=name,
                number=number,
                device=profile.i2c[index],
                highest=kind.pins - 1,
            )
    if any(pin >= FIRST_EXPANDER_PIN for port in profile.wiegand for pin in (port.d0, port.d1)):
        raise ConfigError("board {name}: an expander is too slow for Wiegand", name=profile.name)


def _take(profile: BoardProfile, users: dict[int, str], pin: int, user: str) -> None:
    if pin in users:
        raise ConfigError(
            "board {name}: pin {pin} is used by both {first} and {second}",
            name=profile.name,
            pin=pin,
            first=users[pin],
            second=user,
        )
    users[pin] = user


def keep_lines(state: State) -> None:
    """Keeps a copy of STATE/lines.json while that is right, and puts it back when the file is damaged (a power cut): with the
    profile's lines alone the board would work other pins. For the host, before anything else reads the file; whoever needs the
    lines says what is wrong where both are damaged."""
    keep_copy(state.lines_file, lambda data: object_of(state.lines_file, data))


def check_lines(state: State) -> None:
    """ConfigError when STATE/lines.json cannot be read or holds no object; what is in it is looked at with the profile (`load`)."""
    object_in(state.lines_file)
