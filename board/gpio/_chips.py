"""Chips: finds a GPIO character device by its label and asks the kernel who holds a line; no library needed.

Numbers of /dev/gpiochipN change between kernels (a Pi 5's header was 4, then 0): labels do not (linux/gpio.h, uAPI v2)."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Sequence
from pathlib import Path

from board.gpio._muxes import mux_owner
from board.kit.errors import BoardError

GET_CHIPINFO = 0x8044B401  # _IOR(0xB4, 0x01, struct gpiochip_info)
CHIPINFO = struct.Struct("32s32sI")  # name, label, lines
GET_LINEINFO = 0xC100B405  # _IOWR(0xB4, 0x05, struct gpio_v2_line_info)
LINEINFO = struct.Struct("32s32sIIQ176x")  # name, consumer, offset, number of attributes, flags
FLAG_USED = 1


def find_chip(labels: Sequence[str]) -> Path:
    """The device of the first of `labels` that is there. BoardError says which labels were found, or what permission lacks."""
    found: dict[str, Path] = {}
    denied: list[str] = []
    for path in sorted(Path("/dev").glob("gpiochip*")):
        try:
            found.setdefault(_label(path), path)
        except OSError as why:
            denied.append(f"{path}: {why.strerror}")
    for label in labels:
        if label in found:
            return found[label]
    if denied:
        raise BoardError(
            "no GPIO chip with a label of {labels} can be used, and {denied}: run as root or add the user to the group gpio",
            labels=labels,
            denied=denied,
        )
    raise BoardError("no GPIO chip is labelled {labels}; there are {found}", labels=labels, found=sorted(found))


def find_lines(names: Sequence[str]) -> dict[str, tuple[Path, int]]:
    """{name: (chip, line)} of lines by the kernel's names for them. BoardError: a name is on no chip, or on two lines."""
    found: dict[str, list[tuple[Path, int]]] = {name: [] for name in names}
    for chip in sorted(Path("/dev").glob("gpiochip*")):
        for line, name in enumerate(_line_names(chip)):
            if name in found:
                found[name].append((chip, line))
    missing = [name for name, places in found.items() if not places]
    if missing:
        raise BoardError(
            "the kernel has no line named {missing}: see gpioinfo, and name the lines of this board in STATE/lines.json",
            missing=missing,
        )
    twice = [name for name, places in found.items() if len(places) > 1]
    if twice:
        raise BoardError("the kernel has several lines named {names}: a name must belong to one line", names=twice)
    return {name: places[0] for name, places in found.items()}


def _line_names(chip: Path) -> list[str]:
    info = bytearray(CHIPINFO.size)
    try:
        _ask(chip, GET_CHIPINFO, info)
    except OSError:
        return []
    names: list[str] = []
    for line in range(CHIPINFO.unpack(info)[2]):
        request = bytearray(LINEINFO.pack(b"", b"", line, 0, 0))
        try:
            _ask(chip, GET_LINEINFO, request)
        except OSError:
            return names
        names.append(_text(LINEINFO.unpack(request)[0]))
    return names


def consumer(chip: Path, line: int) -> str:
    """Who holds line `line` of `chip` by the kernel's word ("spi0 CS0"), "" when it is free or the chip cannot be asked."""
    request = bytearray(LINEINFO.pack(b"", b"", line, 0, 0))
    try:
        _ask(chip, GET_LINEINFO, request)
    except OSError:
        return ""
    _, name, _, _, flags = LINEINFO.unpack(request)
    return (_text(name) or "the kernel") if flags & FLAG_USED else ""


def holder(labels: Sequence[str], line: int) -> str:
    """Who holds `line` of the chip that has one of `labels`: by a GPIO request, or because the kernel gave the pin to a device of
    its own; "" when nobody does or there is no such chip."""
    try:
        chip = find_chip(labels)
    except BoardError:
        return ""
    return consumer(chip, line) or mux_owner(chip, line)


def _label(chip: Path) -> str:
    answer = bytearray(CHIPINFO.size)
    _ask(chip, GET_CHIPINFO, answer)
    return _text(CHIPINFO.unpack(answer)[1])


def _ask(chip: Path, question: int, answer: bytearray) -> None:
    file = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
    try:
        fcntl.ioctl(file, question, answer)
    finally:
        os.close(file)


def _text(field: bytes) -> str:
    return field.split(b"\0", 1)[0].decode(errors="replace")
