"""Versions: where those of the host lie, and what is remembered of the last update: STATE/host/firmware.

The slots are those of a package of the name HOST. Built in is the host that firmware/install put in its place; nothing here
changes it.
"""

from __future__ import annotations

import os
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.files import text_of
from board.kit.kept import Kept
from board.kit.state import State
from firmware import VERSION
from firmware.packages.slots import Slots

LETTER, BUILT_IN = "GATEWRIGHT_FIRMWARE", "GATEWRIGHT_BUILT_IN"
"""Environment of a host that runs from a slot: which one, and the folder of the host that is built in."""
_HERE = Path(__file__).resolve().parents[2]
INSTALLED = ".installed"
"""What firmware/install writes there: another text is another installation."""
VERSION_LINE = re.compile(r'^VERSION = "([^"]+)"$', re.M)


@dataclass(frozen=True, slots=True)
class Last:
    """The last update. `built_in`: the installation that was there then (`installation`); `was_ready`: every package that
    should run did."""

    built_in: str
    was_ready: bool


def folder(state: State) -> Path:
    return state.host / "firmware"


def slots_of(state: State) -> Slots:
    """Of the host; no version of it lies on an SD card."""
    return Slots(folder(state), None, lambda: False)


def last(state: State) -> Kept[Last]:
    return Kept(folder(state) / "last.json", _parse, asdict)


def built_in_root() -> Path:
    """The folder of the host that is built in, also for one that runs from a slot."""
    return Path(os.environ.get(BUILT_IN) or _HERE)


def built_in_version() -> str:
    """ "" when that cannot be read."""
    if BUILT_IN not in os.environ:
        return VERSION
    found = VERSION_LINE.search(text_of(built_in_root() / "firmware" / "__init__.py"))
    return found[1] if found else ""


def installation() -> str:
    """What tells one run of firmware/install from the next, "" in a checkout."""
    return text_of(built_in_root() / INSTALLED)[:200]


def _parse(document: Any) -> Last:
    built_in, was_ready = document["built_in"], document["was_ready"]
    if not isinstance(built_in, str) or type(was_ready) is not bool:
        raise ValueError("a field is not right")
    return Last(built_in, was_ready)
