"""Server settings: of two who change two options of a server at once neither loses theirs."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

from firmware.ftp.settings import FtpSettings
from firmware.server_settings import store

WAITS_S = 0.3
"""For a change that may have to wait for the one that is going on."""


class Server:
    """One whose first change is slow, so that a second one begins meanwhile."""

    def __init__(self, second: threading.Thread) -> None:
        self.settings = FtpSettings()
        self._second = second

    def change(self, settings: FtpSettings) -> None:
        if self._second.ident is None:
            self._second.start()
            self._second.join(WAITS_S)
        self.settings = settings


def test_two_changes_at_once_are_both_kept() -> None:
    host: Any = SimpleNamespace(record=lambda *what: None)
    call: Any = None
    second = threading.Thread(target=lambda: store(host, call, server, {"room_mb": 77}, ""))
    server = Server(second)
    store(host, call, server, {"port": 2121}, "")
    second.join()
    assert (server.settings.port, server.settings.room_mb) == (2121, 77)
