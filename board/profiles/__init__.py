"""Profiles: every board as data, one file each; a new file here is a new board. `load` gives the one this camera runs on."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

from board.kit import registry
from board.kit.errors import ConfigError
from board.kit.state import State
from board.lines import pin_names
from board.types import BoardProfile

DEFAULT = "sim"


def all_profiles() -> dict[str, BoardProfile]:
    """{name: profile}, each with its pins checked; ConfigError names the profile and both users of a pin."""
    profiles = registry.find(sys.modules[__name__], "PROFILE", BoardProfile)
    for profile in profiles.values():
        check_pins(profile)
    return profiles


def load(state: State) -> BoardProfile:
    """The profile that STATE/board.json names ("sim" when there is no such file), with its camera URL when that file gives one.

    On a simulated board the wires of STATE/sim/wires.json are plugged in too. ConfigError when a file is damaged or names
    a board that does not exist."""
    board = _read_object(state.board_file)
    name = board.get("profile") or DEFAULT
    profiles = all_profiles()
    if name not in profiles:
        raise ConfigError(f"{state.board_file} names the board {name!r}; there are {', '.join(profiles)}")
    profile = profiles[str(name)]
    camera = board.get("camera")
    if isinstance(camera, str) and camera:
        profile = dataclasses.replace(profile, camera=camera)
    if profile.simulated:
        plugged = tuple((str(a), str(b)) for a, b in _read_object(wires_file(state)).items())
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
        raise ConfigError(f"board {profile.name}: two lines are named {', '.join(sorted(twice))}")
    inputs = {line.name for line in profile.inputs}
    drivers = set(pin_names(profile).values()) - inputs
    for output, input_name in profile.wires:
        if output not in drivers or input_name not in inputs:
            raise ConfigError(f"board {profile.name}: a wire from {output} to {input_name} joins no output to an input")


def _take(profile: BoardProfile, users: dict[int, str], pin: int, user: str) -> None:
    if pin in users:
        raise ConfigError(f"board {profile.name}: pin {pin} is used by both {users[pin]} and {user}")
    users[pin] = user


def _read_object(path: Path) -> dict[str, object]:
    try:
        text = path.read_text()
    except FileNotFoundError:
        return {}
    except OSError as why:
        raise ConfigError(f"{path} cannot be read: {why}") from why
    try:
        value = json.loads(text)
    except ValueError as why:
        raise ConfigError(f"{path} is not JSON: {why}; correct or delete it") from why
    if not isinstance(value, dict):
        raise ConfigError(f"{path} must hold one JSON object; correct or delete it")
    return value
