"""Place: the address of the device service, behind the host's pages, and the scopes by which clients find it."""

from __future__ import annotations

import os
from typing import Protocol

from board.board_file import read_board
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.state import State
from engine.messages import ServerSettings

PATH = "/onvif/device_service"


class Named(Protocol):
    """What clients find a camera by. `hardware`: name of the board."""

    @property
    def settings(self) -> ServerSettings: ...

    @property
    def hardware(self) -> str: ...


@dataclass()
class Sign:
    """The same alone, for discovery, which runs before anybody asks for more of the camera."""

    settings: ServerSettings
    hardware: str


def web_port() -> int:
    """Of the host's pages."""
    port = os.environ.get("GATEWRIGHT_PORT", "")
    return int(port) if port.isdecimal() else 80


def hardware(state: State) -> str:
    """Name of the board that the host runs on: "pi4"."""
    try:
        return read_board(state).profile or "sim"
    except ConfigError:
        return "sim"
