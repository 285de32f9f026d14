"""Identity: the serial number by which a licence and every message know this camera."""

from __future__ import annotations

import hashlib
import secrets
from pathlib import Path

from board.kit.files import write_whole
from board.kit.state import State

SERIAL_SOURCES = (Path("/proc/device-tree/serial-number"), Path("/etc/machine-id"))


def device_serial(state: State, sources: tuple[Path, ...] = SERIAL_SOURCES) -> str:
    """The board's serial number, else the machine id, else one made once and kept in STATE/host/serial."""
    kept = state.host / "serial"
    for source in (*sources, kept):
        try:
            text = source.read_bytes().rstrip(b"\0\n").decode("ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:
            return text[:64]
    state.host.mkdir(mode=0o700, parents=True, exist_ok=True)
    serial = secrets.token_hex(8)
    write_whole(kept, f"{serial}\n".encode(), 0o600)
    return serial


def camera_id(state: State, sources: tuple[Path, ...] = SERIAL_SOURCES) -> str:
    """ "gw-" and 12 hexadecimal digits, made of the serial number: messages carry it in the open, and machine-id(5) says that a
    machine's id must not be told to others as it is."""
    return f"gw-{hashlib.sha256(f'gatewright camera {device_serial(state, sources)}'.encode()).hexdigest()[:12]}"
