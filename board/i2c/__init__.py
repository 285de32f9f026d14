"""I2C devices by URL, one file per kind: `i2c://1/0x20?kind=pcf8574` is the chip at 0x20 of /dev/i2c-1, `sim://` a twin.

A kind offers `DEVICE`: what the chip is and how it is driven. The twins (board/i2c/_twins.py) hold registers as the data sheets
say, and raise what the kernel raises; both go through one border (board/i2c/_bus.py), so that a fault reads the same on either.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Mapping
from functools import cache
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from board.i2c._bus import Bus, open_bus
from board.kit import registry
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.state import State

__all__ = ["Bus", "Expander", "ExpanderKind", "I2cKind", "all_kinds", "kind_of", "open_device", "parse_url"]

FIRST_ADDRESS, LAST_ADDRESS = 0x08, 0x77
"""Addresses below and above are reserved (UM10204, table 4)."""


class Device(Protocol):
    """A chip on an open bus. Errors are BoardError."""

    def reading(self) -> str:
        """What the chip says now, for people ("21.5 °C"). BoardError when it does not answer."""
        ...


class Expander(Device, Protocol):
    """A chip whose pins are inputs and outputs. Masks have bit n for pin n."""

    def set_up(self, outputs: int, pull_ups: int, levels: int) -> None:
        """Makes the pins of `outputs` outputs at `levels` and the others inputs, with pull-ups where `pull_ups` says so.
        The levels are there before a pin becomes an output."""
        ...

    def write(self, levels: int) -> None:
        """Levels of all outputs at once."""
        ...

    def read(self) -> int:
        """Levels at all pins."""
        ...

    def is_set_up(self) -> bool:
        """False: the chip lost its set-up (it was without power)."""
        ...


@dataclass(frozen=True, slots=True)
class I2cKind:
    """A kind of chip. `addresses`: where its address pins can put it."""

    name: str
    title: str
    addresses: tuple[int, ...]
    open: Callable[[Bus, int], Device]


@dataclass(frozen=True, slots=True)
class ExpanderKind:
    """A kind of expander. `boot_pull`: what holds its pins after power-on, as in board/types.py; `pulls`: what an input may ask."""

    name: str
    title: str
    addresses: tuple[int, ...]
    open: Callable[[Bus, int], Expander]
    pins: int
    boot_pull: str
    pulls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DeviceUrl:
    """`scheme`: "i2c" or "sim"; `bus`: N of /dev/i2c-N; `address`: 7 bits."""

    scheme: str
    bus: int
    address: int
    kind: str

    def __str__(self) -> str:
        return f"{self.kind} at 0x{self.address:02x} on {'simulated ' if self.scheme == 'sim' else ''}I2C bus {self.bus}"


@cache
def all_kinds() -> Mapping[str, I2cKind | ExpanderKind]:
    """{name: kind} of every file in this folder."""
    # find takes one type; what a file offers is one of two
    found = registry.find(sys.modules[__name__], "DEVICE", object)
    for name, kind in found.items():
        if not isinstance(kind, I2cKind | ExpanderKind) or kind.name != name:
            raise ConfigError("board.i2c.{name} offers no DEVICE of that name", name=name)
    return {name: kind for name, kind in found.items() if isinstance(kind, I2cKind | ExpanderKind)}


def parse_url(url: str) -> DeviceUrl:
    """ConfigError says what is wrong with the address of a device."""
    example = "i2c://1/0x20?kind=pcf8574"
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as why:
        raise ConfigError("{url!r} is not an I2C device such as {example}: {why}", url=url, example=example, why=why) from why
    place = re.fullmatch(r"/(0x[0-9a-fA-F]{1,2}|\d{1,3})", parts.path)
    if (
        parts.scheme not in ("i2c", "sim")
        or not re.fullmatch(r"\d{1,2}", parts.netloc)
        or place is None
        or set(options) != {"kind"}
    ):
        raise ConfigError("{url!r} is not an I2C device such as {example}", url=url, example=example)
    kinds = all_kinds()
    kind = kinds.get(options["kind"])
    if kind is None:
        raise ConfigError(
            "{url!r}: there is no kind {kind!r}; there are {kinds}",
            url=url,
            kind=options["kind"][:20],
            kinds=tuple(kinds),
        )
    address = int(place[1], 0)
    if address not in kind.addresses:
        known = ", ".join(f"0x{each:02x}" for each in kind.addresses)
        raise ConfigError(
            "{url!r}: a {title} can be at {known}, not at 0x{address:02x}", url=url, title=kind.title, known=known, address=address
        )
    return DeviceUrl(parts.scheme, int(parts.netloc), address, kind.name)


def kind_of(url: str) -> I2cKind | ExpanderKind:
    """The kind of the device at `url`; ConfigError as `parse_url`."""
    return all_kinds()[parse_url(url).kind]


def open_device(url: str, state: State) -> tuple[Device, Bus]:
    """The device, ready to be asked, and its bus, to be closed when done. Nothing is sent to the chip yet.

    BoardError: the bus is not there or may not be used; ConfigError: `url` is wrong."""
    place = parse_url(url)
    bus = open_bus(place.scheme, place.bus, state)
    return all_kinds()[place.kind].open(bus, place.address), bus
