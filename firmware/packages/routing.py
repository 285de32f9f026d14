"""Routing: which package's socket answers an address, and who asks for the log-in there."""

from __future__ import annotations

import socket
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.sockets import short_address
from board.kit.state import State
from firmware.packages.manifest import Route
from firmware.packages.running import Running
from firmware.packages.slots import Slots


@dataclass(frozen=True, slots=True)
class Routed:
    """`package`: its name; `socket`: where the request goes."""

    package: str
    route: Route
    socket: Path


class Routing:
    """Reads only."""

    def __init__(self, state: State, slots: Slots, running: Running) -> None:
        self._state = state
        self._slots = slots
        self._running = running

    def find(self, path: str) -> Routed | None:
        """None when no installed package serves `path`."""
        for name in self._slots.names():
            try:
                manifest = self._slots.installed(name)[1]
            except PackageError:
                continue  # Package Management says why
            for route in manifest.routes:
                if route.serves(path):
                    return Routed(name, route, self._state.run / route.socket)
        return None

    def ready(self) -> bool:
        """Every package that should run does: its processes beat and its portal answers. One that cannot is not ready."""
        return all(self._ready(name) for name in self._slots.names())

    def _ready(self, name: str) -> bool:
        try:
            if not self._slots.record(name).enabled or name in self._running.resting:
                return True
            _, manifest = self._slots.installed(name)
        except PackageError:
            return False
        supervisor = self._running.get(name)
        return supervisor is not None and not supervisor.ill and _listens(self._state.run / manifest.portal.socket)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            with short_address(path) as name:
                probe.connect(name)
        except OSError:
            return False
    return True
