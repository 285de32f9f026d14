"""Uploads: one that is still being sent is not what gives way to others."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.errors import ConfigError
from board.kit.state import State
from board.kit.web.routes import Refused
from engine.exchange.hand import READING, HandFolder, HandOrder
from webui import __main__ as manager
from webui.uploads import KEPT_S, MOST_KEPT, Uploads

CONTENT = b"plate\nAB1\n"


class Slow(io.BytesIO):
    """Sends nothing until somebody says so."""

    def __init__(self) -> None:
        super().__init__(CONTENT)
        self.asked, self.go_on = threading.Event(), threading.Event()

    def read(self, *most: Any) -> bytes:
        self.asked.set()
        self.go_on.wait()
        return super().read(*most)


@pytest.fixture
def uploads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Uploads:
    """Nobody works on what has come."""
    monkeypatch.setattr(Uploads, "_start", lambda uploads, name, folder, order: folder.put_order(order))
    return Uploads(State(tmp_path))


def test_a_file_that_is_being_sent_is_not_taken_away_for_others(uploads: Uploads) -> None:
    slow, names = Slow(), []

    def send() -> None:
        names.append(uploads.receive(slow, len(CONTENT), HandOrder(4, "anna")))

    thread = threading.Thread(target=send)
    thread.start()
    slow.asked.wait()
    for _ in range(MOST_KEPT + 1):
        uploads.receive(io.BytesIO(CONTENT), len(CONTENT), HandOrder(4, "anna"))
    slow.go_on.set()
    thread.join()
    assert len(names) == 1 and uploads.order(names[0]).user == "anna"
    assert len(list((uploads._folder).iterdir())) == MOST_KEPT


def test_what_nobody_asked_for_within_an_hour_is_forgotten_though_nobody_sends_another(uploads: Uploads) -> None:
    """The plates of a list lay there until the next file came."""
    old, new = (uploads.receive(io.BytesIO(CONTENT), len(CONTENT), HandOrder(4, "anna")) for _ in range(2))
    for at in (time.time() - KEPT_S - 1, time.time() + 2 * KEPT_S):  # or by a clock that was ahead
        os.utime(uploads._folder / old, (at, at))
        uploads.clear()
        assert [each.name for each in uploads._folder.iterdir()] == [new]
        old = uploads.receive(io.BytesIO(CONTENT), len(CONTENT), HandOrder(4, "anna"))


def test_a_card_that_stalls_while_uploads_are_forgotten_does_not_keep_the_portal_from_beating(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is silent is ended as hung."""
    stalls, beats_on, told = threading.Event(), threading.Event(), []

    class Alive:
        def __init__(self, *named: object) -> None:
            self.stop = threading.Event()

        def beat(self) -> None:
            if stalls.is_set():
                beats_on.set()
            if told:
                self.stop.set()

        def patience(self, limit_s: float) -> AbstractContextManager[None]:
            return nullcontext()

    def clear() -> None:
        stalls.set()
        told.append(beats_on.wait(5.0))

    portal = SimpleNamespace(uploads=SimpleNamespace(clear=clear), store=SimpleNamespace(db=SimpleNamespace(is_over=lambda: False)))
    server = SimpleNamespace(start=lambda: None, stop=lambda: None, alive=lambda: True)
    for name, instead in (("Life", Alive), ("open_log", lambda *named: None), ("BEAT_EVERY_S", 0.01), ("CLEAR_EVERY_S", 0.01)):
        monkeypatch.setattr(manager, name, instead, raising=False)
    for name in ("hash_without_openssl", "speak_http_without_tls", "find_addresses_without_inspect"):
        monkeypatch.setattr(manager, name, lambda: None)
    monkeypatch.setattr("webui.server.open_portal", lambda state: (portal, ()))
    monkeypatch.setattr("webui.server.Server", lambda state, application: server)
    monkeypatch.setattr(sys, "argv", ["webui", "--state", str(tmp_path)])
    assert manager.main() == 0
    assert told[0]


def test_more_are_not_taken_while_all_are_being_sent(uploads: Uploads) -> None:
    slow = [Slow() for _ in range(MOST_KEPT)]
    threads = [threading.Thread(target=uploads.receive, args=(each, len(CONTENT), HandOrder(4, "anna"))) for each in slow]
    for thread, each in zip(threads, slow, strict=True):
        thread.start()
        each.asked.wait()
    with pytest.raises(ConfigError, match="several files are being worked on"):
        uploads.receive(io.BytesIO(CONTENT), len(CONTENT), HandOrder(4, "anna"))
    for thread, each in zip(threads, slow, strict=True):
        each.go_on.set()
        thread.join()
    assert all(HandFolder(each).file.read_bytes() == CONTENT for each in uploads._folder.iterdir())


@pytest.mark.parametrize(("apply", "said"), [(False, "nothing has changed: send"), (True, "to see what is left to change")])
def test_of_a_file_whose_process_ended_nothing_is_said_that_is_not_known(uploads: Uploads, apply: bool, said: str) -> None:
    """It may end just after all of the file was taken in."""
    name = uploads.receive(io.BytesIO(CONTENT), len(CONTENT), HandOrder(4, "anna", apply=apply))
    assert said in str(uploads.result(name).error)


def test_of_two_who_take_a_file_in_at_once_one_does_and_the_other_is_told(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each started a process, and the last one told that nothing had changed."""
    name = uploads.receive(io.BytesIO(CONTENT), len(CONTENT), HandOrder(4, "anna"))
    begun, go_on, started = threading.Event(), threading.Event(), []

    def start(uploads: Uploads, name: str, folder: HandFolder, order: HandOrder) -> None:
        started.append(order.user)
        begun.set()
        go_on.wait()
        folder.put_order(order)

    monkeypatch.setattr(Uploads, "_start", start)
    first = threading.Thread(target=uploads.again, args=(name, HandOrder(4, "anna", apply=True)))
    first.start()
    begun.wait()
    for late in (lambda: uploads.again(name, HandOrder(4, "ben", apply=True)), lambda: uploads.drop(name)):
        with pytest.raises(Refused, match="This file is being worked on already"):
            late()
    assert uploads.result(name).state == READING
    go_on.set()
    first.join()
    assert started == ["anna"] and uploads.order(name).user == "anna"
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as works:
        uploads._running[name] = works
        with pytest.raises(Refused, match="This file is being worked on already"):
            uploads.again(name, HandOrder(4, "ben", apply=True))
        assert works.poll() is None, "it was waited for"
        works.communicate(b"\n")
    uploads.drop(name)
    with pytest.raises(Refused, match="There is no such upload"):
        uploads.order(name)
