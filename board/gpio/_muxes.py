"""Muxes: which pins the kernel has given to its own devices (I2C, SPI, UART, PWM), which a GPIO request would not learn.

A pin's function is no GPIO claim: a Raspberry Pi's chip lets a program turn the pins of a running I2C bus into outputs. The pin
controller knows better: its table in debugfs where that may be read (root), else the device tree: every enabled node names its pin
groups (`pinctrl-0`), every group its pins (`brcm,pins` as numbers, `pins` as "gpio2" on RP1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")

DEBUGFS_LINE = re.compile(r"^pin (\d+) \([^)]*\): (?:device )?(?!\(MUX|UNCLAIMED|GPIO )(\S+)", re.MULTILINE)
"""As in `pin 2 (gpio2): fe804000.i2c (GPIO UNCLAIMED) function alt0 group gpio2`; strict controllers write `device
fe804000.i2c`."""


def mux_owner(chip: Path, line: int) -> str:
    """The device that the kernel gave line `line` of `chip` (/dev/gpiochipN) to ("fe804000.i2c"), "" when none."""
    return muxed(chip).get(line, "")


def muxed(chip: Path, root: Path = ROOT) -> dict[int, str]:
    """{line: device} of all lines of `chip` that the kernel gave away."""
    device = root / "sys/bus/gpio/devices" / chip.name
    for table in (root / "sys/kernel/debug/pinctrl").glob(f"{device.resolve().parent.name}*/pinmux-pins"):
        try:
            return {int(pin): owner for pin, owner in DEBUGFS_LINE.findall(table.read_text())}
        except OSError:
            pass  # not root: the device tree will do
    node = device / "of_node"
    if not node.exists():
        return {}
    groups = dict(_groups(node.resolve()))
    return {pin: user for phandle, user in _users(root / "sys/firmware/devicetree/base") for pin in groups.get(phandle, ())}


def _groups(controller: Path) -> Iterator[tuple[int, tuple[int, ...]]]:
    """(phandle, pins) of every pin group of the controller."""
    for group in controller.iterdir():
        phandle = _numbers(group / "phandle")
        if not phandle:
            continue
        pins = [number for file in group.rglob("brcm,pins") for number in _numbers(file)]
        names = [name for file in group.rglob("pins") for name in _texts(file)]
        pins += [int(name.removeprefix("gpio")) for name in names if re.fullmatch(r"gpio\d+", name)]
        yield phandle[0], tuple(pins)


def _users(tree: Path) -> Iterator[tuple[int, str]]:
    """(phandle of a pin group, "i2c@7e804000 of the device tree") of every enabled device."""
    for file in tree.rglob("pinctrl-0"):
        node = file.parent
        if any(status not in ("okay", "ok") for status in _texts(node / "status")) or (node / "gpio-controller").exists():
            continue
        for phandle in _numbers(file):
            yield phandle, f"{node.name} of the device tree"


def _numbers(file: Path) -> list[int]:
    try:
        data = file.read_bytes()
    except OSError:
        return []
    return [int.from_bytes(data[at : at + 4], "big") for at in range(0, len(data) - 3, 4)]


def _texts(file: Path) -> list[str]:
    try:
        data = file.read_bytes()
    except OSError:
        return []
    return [text.decode(errors="replace") for text in data.split(b"\0") if text]
