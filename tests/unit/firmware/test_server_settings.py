"""Server settings: of two who change options of a server at once neither loses theirs unseen."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.web.routes import Elsewhere
from firmware.ftp.settings import FtpSettings
from firmware.server_settings import changed, shown, store

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


def test_what_another_one_has_stored_in_the_same_field_is_shown_before_it_is_replaced() -> None:
    """The second of the two replaced it, and neither knew."""
    host: Any = SimpleNamespace(record=lambda *what: None)
    server: Any = SimpleNamespace(settings=FtpSettings())

    def change(settings: FtpSettings) -> None:
        server.settings = settings

    server.change = change
    pages: list[tuple[Any, ...]] = []

    def send(before: str) -> None:
        call: Any = SimpleNamespace(body={"port": "2122", "room_mb": "77", "uploads": "1", "shown": before})
        changed(host, call, server, "", "ftp", lambda host, call, *page: pages.append(page))

    before = shown(server)
    server.settings = FtpSettings(port=2121, room_mb=77)
    send(before.replace(f'"room_mb":{FtpSettings().room_mb}', '"room_mb":77'))
    ((status, error, sent, problems),) = pages
    assert (status, sent, server.settings.port) == (409, {"port": "2122"}, 2121)
    assert "somebody else has changed this meanwhile" in str(error)
    assert {option: str(text) for option, text in problems.items()} == {"port": "Stored now: 2121"}
    with pytest.raises(Elsewhere):
        send(shown(server))
    assert (server.settings.port, server.settings.room_mb) == (2122, 77)
