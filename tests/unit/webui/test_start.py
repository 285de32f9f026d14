"""The start of the portal's process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import webui.__main__ as manager
from board.kit import process
from board.kit.errors import StoreError
from board.kit.state import State
from tests.waiting import until


def test_a_portal_whose_database_takes_long_to_open_is_not_taken_for_one_that_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one to open a database that is said to be damaged checks it for minutes: it was killed after 15 s, and whoever
    opened it next began anew."""
    monkeypatch.setattr(process, "PATIENT_EVERY_S", 0.01)
    for name in ("hash_without_openssl", "speak_http_without_tls", "find_addresses_without_inspect"):
        monkeypatch.setattr(manager, name, lambda: None)  # else for all tests of this process
    monkeypatch.setattr("signal.signal", lambda number, what: None)
    monkeypatch.setattr(manager, "open_log", lambda state, name: None)
    monkeypatch.setattr(sys, "argv", ["webui", "--state", str(tmp_path)])
    beat, beats = State(tmp_path).beat("manager"), []

    def opened(state: State) -> None:
        before_ns = beat.stat().st_mtime_ns
        until(lambda: beat.stat().st_mtime_ns != before_ns, "a heartbeat")
        beats.append(beat.stat().st_mtime_ns)
        raise StoreError("it cannot be opened")

    monkeypatch.setattr("webui.server.open_portal", opened)
    assert manager.main() == 1
    assert beats
