"""Engine zone: the engine follows the camera's time zone at once: its camera turns to the night preset by the clock."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from board.kit.errors import WireError
from engine.messages import EngineHello, UseZone

log = logging.getLogger("service")


class EngineZone:
    """Thread-safe. `send(message)` raises WireError while no engine is connected."""

    def __init__(self, send: Callable[[UseZone], None]) -> None:
        self._send = send
        self._turn = threading.Lock()
        self._wanted: str | None = None
        self._of_engine = ""

    def hello(self, hello: EngineHello) -> None:
        """An engine came, with the zone that it was started with."""
        with self._turn:
            self._of_engine = hello.time_zone
            self._tell()

    def use(self, name: str) -> None:
        """The zone of the settings, at the start and whenever they change."""
        with self._turn:
            self._wanted = name
            self._tell()

    def _tell(self) -> None:
        if self._wanted is None or self._wanted == self._of_engine:
            return
        try:
            self._send(UseZone(self._wanted))
        except WireError as why:
            log.debug("the engine hears of its time zone when it connects: %s", why)
            return
        self._of_engine = self._wanted
