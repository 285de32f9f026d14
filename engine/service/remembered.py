"""Remembered: small facts that the next process of this boot needs; files in STATE/run."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path
from typing import Generic, TypeVar

from board.kit.dataclass import dataclass
from board.kit.errors import WireError
from board.kit.files import write_unsynced
from board.kit.wire import Codec

T = TypeVar("T")

log = logging.getLogger("service")


@dataclass(frozen=True, slots=True)
class LastTrigger:
    """When the last trigger was accepted: CLOCK_MONOTONIC ns of that boot (board.kit.clock.boot_id)."""

    boot: str
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class LastInputs:
    """The inputs as they were known last in that boot: (line, whether it is active)."""

    boot: str
    active: tuple[tuple[str, bool], ...]


@dataclass(frozen=True, slots=True)
class LastLook:
    """When timers were looked for last in that boot, to the minute."""

    boot: str
    at: datetime


class Remembered(Generic[T]):
    """One value of a frozen dataclass in one file."""

    def __init__(self, path: Path, kind: type[T]) -> None:
        self._path = path
        self._kind = kind
        self._codec = Codec((kind,))

    def get(self) -> T | None:
        """The value stored last; None if there is none or it is damaged."""
        try:
            value = self._codec.decode(self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, WireError) as why:
            log.warning("%s is not known any more: %s", self._path.name, why)
            return None
        return value if isinstance(value, self._kind) else None

    def put(self, value: T) -> None:
        """Stores without a sync: it costs the gate no time, and a power cut ends the boot anyway."""
        try:
            write_unsynced(self._path, self._codec.encode(value))
        except OSError as why:
            log.warning("%s is not kept: %s", self._path.name, why)
