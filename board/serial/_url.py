"""Address of a serial line, and what an open one must do: apart from the lines that are in use, as ports and twins need it too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol
from urllib.parse import parse_qsl, urlsplit

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError

Addresses = Callable[[str], Sequence[str]]
"""Host -> where a `socket://` line is connected to, one after the other. ConfigError: it may not be; OSError: no such host."""

CHOICES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "serial": {"baud": (), "parity": ("none", "even", "odd"), "bits": ("7", "8"), "stop": ("1", "2"), "rs485": ("0", "1")},
    "sim": {"baud": ()},
    "loop": {},
    "socket": {},
}
"""{scheme: {option: its values; () is a number of baud}}."""

DEVICE_FOLDER = "/dev"

BAUDS = (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)


@dataclass(frozen=True, slots=True)
class SerialUrl:
    """`place`: device file, host and port, or a twin's name."""

    scheme: str
    place: str
    baud: int = 9600
    parity: str = "none"
    bits: int = 8
    stop: int = 1
    rs485: bool = False

    @property
    def device(self) -> str:
        """What a line is called, and what only one may use at a time."""
        return f"serial line {self.place or self.scheme}"


class Port(Protocol):
    """An open line. Errors are BoardError: it went away, or takes nothing."""

    def read(self) -> bytes:
        """What came in; b"" after a fifth of a second without anything."""
        ...

    def write(self, data: bytes) -> None: ...

    def close(self) -> None: ...


def parse_url(url: str) -> SerialUrl:
    """ConfigError says what is wrong with the address of a serial line."""
    if "@" in url:
        # never the URL itself: what stands before the "@" is a user's name and password
        raise ConfigError("a serial line has no user and password: write it without them and without @")
    example = "serial:///dev/ttyS0?baud=9600, socket://192.168.1.20:4001, loop:// or sim://gate"
    try:
        parts = urlsplit(url)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
        host, port = parts.hostname, parts.port
    except ValueError as why:
        raise ConfigError(
            "{url!r} is not a serial line address such as {example}: {why}", url=url, example=example, why=why
        ) from why
    scheme = parts.scheme.lower()
    places = {
        "serial": parts.path
        if not parts.netloc and re.fullmatch(rf"{DEVICE_FOLDER}/[\w./:+-]+", parts.path) and ".." not in parts.path
        else None,
        "socket": f"{host}:{port}" if host and port and not parts.path else None,
        "sim": parts.netloc if re.fullmatch(r"\w{1,20}", parts.netloc) and not parts.path else None,
        "loop": "" if not parts.netloc and not parts.path else None,
    }
    place = places.get(scheme)
    if place is None:
        raise ConfigError("{url!r} is not a serial line address such as {example}", url=url, example=example)
    for name, value in options.items():
        allowed = CHOICES[scheme].get(name)
        if allowed is None:
            raise ConfigError("{url!r}: {scheme} has no option {name!r}", url=url, scheme=scheme, name=name)
        allowed = allowed or tuple(map(str, BAUDS))
        if value not in allowed:
            raise ConfigError("{url!r}: {name} must be one of {allowed}", url=url, name=name, allowed=allowed)
    return SerialUrl(
        scheme, place, int(options.get("baud", 9600)), options.get("parity", "none"), int(options.get("bits", 8)),
        int(options.get("stop", 1)), options.get("rs485", "0") == "1",
    )  # fmt: skip


def as_named(host: str) -> Sequence[str]:
    """As Addresses: whatever the system finds under that name."""
    return (host,)
