"""Identity: the serial number by which a licence and every message know this camera."""

from __future__ import annotations

import errno
import hashlib
import logging
import secrets
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.files import read_again, write_whole
from board.kit.kept import Kept
from board.kit.plain import from_plain, to_plain
from board.kit.state import State

log = logging.getLogger("identity")

SERIAL_SOURCES = (Path("/proc/device-tree/serial-number"), Path("/etc/machine-id"))


def device_serial(state: State, sources: tuple[Path, ...] = SERIAL_SOURCES) -> str:
    """The board's serial number, else the machine id, else one made once and kept in STATE/host/serial."""
    return _serial(state, sources)[0]


def _serial(state: State, sources: tuple[Path, ...]) -> tuple[str, bool]:
    """With whether the card did not read one that counts before it: both of one look, as a worn card may read it at the next."""
    kept = state.host / "serial"
    serial, unread = _found((*sources, kept))
    if not serial:
        serial = secrets.token_hex(8)
        if kept not in unread:  # else the one that is there counts again as soon as the card reads it
            state.host.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(kept, f"{serial}\n".encode(), 0o600)
    return serial, bool(unread)


def _found(sources: tuple[Path, ...]) -> tuple[str, list[Path]]:
    """The first serial number that is there, "" for none; and those before it that the card does not read."""
    unread = []
    for source in sources:
        try:
            text = read_again(source.read_bytes).rstrip(b"\0\n").decode("ascii").strip()
        except UnicodeDecodeError:
            continue
        except OSError as why:
            if why.errno == errno.EIO:
                unread.append(source)
            continue
        if text:
            return text[:64], unread
    return "", unread


@dataclass(frozen=True, slots=True)
class Identity:
    """`id`: how messages name this camera; `board`: a mark of the board that it was made for; `before`: its id in the first
    board that the storage was in, "" when that is this one."""

    id: str
    board: str
    before: str = ""


def identity(state: State, sources: tuple[Path, ...] = SERIAL_SOURCES) -> Identity:
    """The camera's, kept in STATE/host/camera_id.json, so that neither an update nor another way of making ids changes it.

    A card that was copied, or put into another board, brings the file of the first one along: it gets an id of its own, and
    `before` says so, as two cameras with one id would be one for every server."""
    serial, in_doubt = _serial(state, sources)
    mark = hashlib.sha256(f"gatewright board {serial}".encode()).hexdigest()[:16]
    kept: Kept[Identity] = Kept(state.host / "camera_id.json", lambda document: from_plain(Identity, document), to_plain)
    try:
        known = kept.read().value
    except (ConfigError, OSError) as why:
        log.error("the camera's id is made anew: %s", why)
        known = None
    if known is not None and (known.board == mark or in_doubt):
        return known  # what the card does not read tells of no other board
    own = _made_of(serial)
    first = known.before or known.id if known is not None else ""
    made = Identity(own, mark, first if first != own else "")  # else it is back where it was
    try:
        state.host.mkdir(mode=0o700, parents=True, exist_ok=True)
        kept.write(made)
    except OSError as why:
        log.error("the camera's id is not kept: %s", why)
    return made


def mac_addresses() -> tuple[str, ...]:
    """Of this camera's own network interfaces, "b8:27:eb:01:02:03", in the order of their names; bridges and the like are none."""
    found = []
    for each in sorted(Path("/sys/class/net").glob("*")):
        try:
            is_own = (each / "device").exists()
            address = (each / "address").read_text("ascii").strip().lower()
        except (OSError, UnicodeDecodeError):
            continue
        if is_own and address.strip("0:"):
            found.append(address)
    return tuple(found)


def confirmations(state: State) -> tuple[str, ...]:
    """What has to be typed before a database or the whole camera is reset (manual 4.6, General configuration tab): one of the
    camera's MAC addresses, or its id where it has no network interface."""
    return mac_addresses() or (camera_id(state),)


def camera_id(state: State, sources: tuple[Path, ...] = SERIAL_SOURCES) -> str:
    """How messages name this camera (`identity`)."""
    return identity(state, sources).id


def _made_of(serial: str) -> str:
    """ "gw-" and 12 hexadecimal digits: messages carry it in the open, and machine-id(5) says that a machine's id must not be told
    to others as it is."""
    return f"gw-{hashlib.sha256(f'gatewright camera {serial}'.encode()).hexdigest()[:12]}"
