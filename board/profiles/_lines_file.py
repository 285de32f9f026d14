"""Lines file: STATE/lines.json, where an installer names lines and I2C devices besides the profile's; a line of a known name
replaces it.

    {"i2c": ["i2c://1/0x20?kind=pcf8574"],
     "outputs": [{"name": "DO1", "pin": 5}, {"name": "DO3", "expander": 0, "pin": 3, "active_high": false}],
     "inputs": [{"name": "DI1", "pin": "PIN_16", "pull": "up", "debounce_ms": 50}],
     "wiegand": [{"name": "W1", "d0": 20, "d1": 21}]}

A pin is a number of the board, the kernel's name of a line (boards on gpiod), or a pin of the expander at that place in `i2c`
(counted on from the profile's own devices). The other keys are those of the lines in board/types.py.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from board.kit.errors import ConfigError
from board.kit.plain import Unfit, from_plain
from board.types import BoardProfile, InputLine, OutputLine, WiegandLine, expander_pin

L = TypeVar("L", OutputLine, InputLine, WiegandLine)

KINDS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("outputs", OutputLine, ("pin",)),
    ("inputs", InputLine, ("pin",)),
    ("wiegand", WiegandLine, ("d0", "d1")),
)
"""(list in the file, what stands in it, its pins)."""

PULLS = ("up", "down", "off")
DRIVES = ("push-pull", "open-drain")
FIRST_NAMED_PIN = 500
"""Pins that the file gives by name are numbered from here on, where no header has any."""


def with_lines(profile: BoardProfile, file: Mapping[str, object]) -> BoardProfile:
    """The profile with the file's lines. ConfigError says which entry is wrong."""
    unknown = set(file) - {kind for kind, _, _ in KINDS} - {"i2c"}
    if unknown:
        raise ConfigError("lines.json holds {unknown}; it may hold i2c, outputs, inputs and wiegand", unknown=sorted(unknown))
    devices = file.get("i2c", [])
    if not isinstance(devices, list) or not all(isinstance(url, str) for url in devices):
        raise ConfigError("lines.json: i2c must be a list of URLs")
    names = dict(profile.line_names)
    changes: dict[str, Any] = {"i2c": (*profile.i2c, *devices)}
    for kind, line_type, pins in KINDS:
        entries = file.get(kind, [])
        if not isinstance(entries, list):
            raise ConfigError("lines.json: {kind} must be a list", kind=kind)
        lines = {line.name: line for line in getattr(profile, kind)}
        for entry in entries:
            line = _line(line_type, entry, pins, names, len(profile.i2c))
            lines[line.name] = line
        changes[kind] = tuple(lines.values())
    return dataclasses.replace(profile, **changes, line_names=tuple(names.items()))


def _line(line_type: type[L], entry: object, pins: tuple[str, ...], names: dict[int, str], own_devices: int) -> L:
    if not isinstance(entry, dict):
        raise ConfigError("lines.json: {entry!r} is not a line: it must be an object with name and pin", entry=entry)
    values = dict(entry)
    where = f"lines.json, line {str(values.get('name', '?'))[:20]!r}"
    expander = values.pop("expander", None)
    if expander is not None and (type(expander) is not int or expander < 0 or line_type is WiegandLine):
        raise ConfigError("{where}: an expander is a number, and is too slow for Wiegand", where=where)
    for key in pins:
        pin = values.get(key)
        if expander is not None and isinstance(pin, int) and 0 <= pin < 1000:
            values[key] = expander_pin(own_devices + expander, pin)
        elif expander is None and isinstance(pin, str):
            values[key] = _named(pin, names)
    unknown = set(values) - {field.name for field in dataclasses.fields(line_type)}
    if unknown:
        raise ConfigError("{where}: a line has no {unknown}", where=where, unknown=sorted(map(str, unknown)))
    try:
        line = from_plain(line_type, values)
    except Unfit as why:
        raise ConfigError("{where}: {place}: {wrong}", where=where, place=why.where or "it", wrong=why.what) from why
    if isinstance(line, InputLine) and (line.pull not in PULLS or not 0 <= line.debounce_ms <= 10_000):
        raise ConfigError("{where}: pull must be one of {pulls}, and debounce_ms 0 to 10000", where=where, pulls=PULLS)
    if isinstance(line, OutputLine) and line.drive not in DRIVES:
        raise ConfigError("{where}: drive must be one of {drives}", where=where, drives=DRIVES)
    return line


def _named(name: str, names: dict[int, str]) -> int:
    known = next((pin for pin, known in names.items() if known == name), None)
    if known is None:
        known = max([FIRST_NAMED_PIN, *(pin + 1 for pin in names)])
        names[known] = name
    return known
