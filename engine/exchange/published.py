"""Published: writes the lists of this camera as files into its FTP server's folder, from which other cameras copy them (manual
5.1, Architecture 1).

One file for each list and one for all, in the manual's XML. A file is replaced as a whole, and only when its list has changed.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from board.kit.files import write_whole
from board.kit.from_json import from_json
from board.kit.state import State
from board.kit.typed import folded
from engine.exchange.exporting import lists_of, write_lists
from engine.formats.event import Device
from engine.store import Store
from engine.types import FIXED_ROLES, PlateList

log = logging.getLogger("exchange")

FOLDER = "lists"
"""Below the root of the FTP server."""

EVERY_LIST = "all.xml"
_PART = ".part"


def published_name(plate_list: PlateList) -> str:
    """The name of a list's file, the same on every camera whatever the list's number; the digits at its end distinguish names
    whose letters are the same."""
    if plate_list.role in FIXED_ROLES:
        return EVERY_LIST
    name = folded(plate_list.name)
    shown = "".join(each if each.isascii() and each.isalnum() else "_" for each in name)[:40]
    return f"{shown}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.xml"


def publish_in(state: State, store: Store, device: Device) -> None:
    """Runs `publish` into the FTP server's folder and remembers what it published."""
    memory = state.exchange / "published.json"
    before = _remembered(memory)
    found = publish(store, state.ftp / FOLDER, device, before)
    if found != before:
        state.exchange.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(memory, json.dumps(found).encode())


def _remembered(path: Path) -> Mapping[str, str]:
    try:
        found = from_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def publish(store: Store, folder: Path, device: Device, before: Mapping[str, str]) -> dict[str, str]:
    """Brings the files in `folder` up to date. Returns what the next call needs as `before`: {file name: mark of its content}.
    Files of deleted lists are removed."""
    lists = store.lists()
    marks = store.following.marks(each.id for each in lists)
    own = [device.copy] if device.copy else []
    found: dict[str, str] = {}
    every = next(each for each in lists if each.role == "all")
    for each in (*[one for one in lists if one.role not in FIXED_ROLES], every):
        name, mark = published_name(each), " ".join([*(marks[one.id] for one in lists_of(store, each)), *own])
        if before.get(name) != mark or not (folder / name).exists():
            _write(store, folder, name, each, device)
        found[name] = mark
    for path in folder.iterdir():
        if path.name not in found:
            with suppress(OSError):
                path.unlink()
    return found


def _write(store: Store, folder: Path, name: str, plate_list: PlateList, device: Device) -> None:
    part, path = folder / f"{name}{_PART}", folder / name
    written = write_lists(part, store, plate_list, "XML", device, further=True, followed=True)
    part.chmod(0o644)
    _date(part, path)
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)
    log.info("%s: generation %d, %d plates", name, written.generation.number if written.generation else 0, written.entries)


def _date(part: Path, path: Path) -> None:
    """Makes each file at least a second newer than the one before, even if the clock stands still or steps back: FTP has a
    resolution of one second."""
    with suppress(FileNotFoundError):
        newest = max(int(time.time()), int(path.stat().st_mtime) + 1)
        os.utime(part, (newest, newest))
