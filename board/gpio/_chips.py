"""Chips: finds a GPIO character device by its label and asks the kernel who holds a line; no library needed.

Numbers of /dev/gpiochipN change between kernels (a Pi 5's header was 4, then 0): labels do not (linux/gpio.h, uAPI v2)."""

from __future__ import annotations

import fcntl
import os
import struct
from collections.abc import Sequence
from pathlib import Path

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
    there = f"there are {', '.join(found)}" if found else "there is none"
    hint = f"; {'; '.join(denied)}: run as root or add the user to the group gpio" if denied else ""
    raise BoardError(f"no GPIO chip is labelled {' or '.join(labels) or '(the profile names none)'}: {there}{hint}")


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
    """As `consumer`, on the chip that has one of `labels`; "" when there is no such chip."""
    try:
        chip = find_chip(labels)
    except BoardError:
        return ""
    return consumer(chip, line)


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
