"""Begin: what the engine needs of the database, read at its start and handed over by the process that becomes it (start.py)."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, cast

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError
from board.kit.from_json import from_json
from board.kit.state import State
from board.kit.values import Values, packed
from engine.reading.passages.sights import MOST_SIGHTS, NOTHING_KNOWN, Known, known_at_start
from engine.reading.unstored import Unstored

if TYPE_CHECKING:
    from board.camera import CameraSettings
    from engine.settings import GeneralSettings, LprSettings

log = logging.getLogger("engine")

OPTION = "--begin"
"""Of `engine run`: the file descriptor that holds a Begin."""


@dataclass(frozen=True, slots=True)
class Begin:
    """What the engine begins with. The settings are `Values` when they were received. `problem`: why they are only the defaults, ""
    when they are what is stored; `running`: fingerprints of those that take effect at a restart; `known`: passages from before."""

    lpr: LprSettings
    general: GeneralSettings
    camera: CameraSettings
    problem: str
    running: Mapping[str, str]
    known: Known


def begin(state: State, clock: Clock) -> Begin:
    """What is stored now."""
    from board.kit.settings import fingerprints

    lpr, general, camera, problem = stored_settings(state, clock)
    running = {} if problem else fingerprints(lpr, general, camera)
    return Begin(lpr, general, camera, problem, running, _known(state, clock))


def received(file: int) -> Begin:
    """What `sent` left in `file`, which is closed."""
    with os.fdopen(file, "rb") as sent:
        document: dict[str, Any] = from_json(sent.read())
    known = document["known"]
    return Begin(
        cast("LprSettings", Values(document["lpr"])),
        cast("GeneralSettings", Values(document["general"])),
        cast("CameraSettings", Values(document["camera"])),
        document["problem"],
        document["running"],
        Known(known["sights"], tuple(known["accepted"]), tuple(known["standing"]), known["start_ns"]),
    )


def sent(what: Begin) -> int:
    """A file in memory that survives execve(2)."""
    document = {
        "lpr": packed(what.lpr),
        "general": packed(what.general),
        "camera": packed(what.camera),
        "problem": what.problem,
        "running": dict(what.running),
        "known": asdict(what.known),
    }
    file = os.memfd_create("begin")
    with os.fdopen(file, "wb", closefd=False) as out:
        out.write(json.dumps(document).encode())
    os.lseek(file, 0, os.SEEK_SET)
    os.set_inheritable(file, True)
    return file


def stored_settings(state: State, clock: Clock) -> tuple[LprSettings, GeneralSettings, CameraSettings, str]:
    """The stored settings; the defaults and why when the database cannot be used."""
    from board.camera import CameraSettings
    from engine.settings import GeneralSettings, LprSettings
    from engine.store import Store

    defaults = (LprSettings(), GeneralSettings(), CameraSettings())
    try:
        store = Store(state.database, clock)
    except GatewrightError as why:
        return *defaults, f"settings: {why}"
    try:
        return store.settings(LprSettings), store.settings(GeneralSettings), store.settings(CameraSettings), ""
    except GatewrightError as why:
        return *defaults, f"settings: {why}"
    finally:
        store.close()


def _known(state: State, clock: Clock) -> Known:
    """What the engine before this one knew; the settings were read, so that the store can be."""
    from engine.store import Store

    try:
        store = Store(state.database, clock)
    except GatewrightError:
        return NOTHING_KNOWN
    try:
        newest = [stored.passage for stored in store.passages.last_stored(MOST_SIGHTS)]
    except GatewrightError as why:
        log.error("earlier passages are not known: %s", why)
        newest = []
    finally:
        store.close()
    unstored = Unstored(state.unstored_file, clock)
    try:
        waiting = unstored.fresh()
    finally:
        unstored.close()
    stored = {passage.id for passage in newest}
    return known_at_start([*newest[::-1], *(passage for passage in waiting if passage.id not in stored)], state.sights_file, clock)
