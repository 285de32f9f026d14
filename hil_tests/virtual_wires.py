"""Wires of the virtual board: gpio-sim carries the level of a line to the line at the other end of its wire
(scripts/virtual/gpio-sim-wire.patch)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from board.gpio._chips import find_chip
from board.kit.errors import BoardError
from board.lines import pin_names
from board.types import BoardProfile

DEVICES = Path("/sys/bus/gpio/devices")
NONE = -1


def plug(profile: BoardProfile, pairs: Iterable[tuple[str, str]], devices: Path = DEVICES) -> None:
    """Has exactly the wires `pairs` (output line, input line) in place. BoardError when this is no guest of scripts/virtual."""
    pins = {name: pin for pin, name in pin_names(profile).items()}
    inputs = {line.name for line in profile.inputs}
    chip = devices / find_chip(profile.chip_labels).name
    wanted = {pins[output]: pins[input_name] for output, input_name in pairs}
    for name, pin in pins.items():
        if name in inputs:
            continue
        wire = chip / f"sim_gpio{pin}" / "wire"
        try:
            wire.write_text(str(wanted.get(pin, NONE)))
        except OSError as why:
            raise BoardError(
                "{wire}: no wire can be plugged there ({strerror}): not a guest of scripts/virtual?",
                wire=wire,
                strerror=why.strerror,
            ) from why
