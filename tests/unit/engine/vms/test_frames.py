"""Frames: the newest picture from the portal's process, whatever that process does."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.loop import Loop
from board.kit.sockets import bound_at
from engine.vms import frames as module
from engine.vms.frames import MOST_AT_ONCE, Frames
from tests.waiting import until


class Portal:
    """Says `answer` to each request, None: nothing."""

    def __init__(self, path: Path) -> None:
        self.answer: bytes | None = b"HTTP/1.0 200 OK\r\nContent-Length: 4\r\n\r\nJPEG"
        self.asked: list[bytes] = []
        self.held: list[socket.socket] = []
        self._sock = bound_at(path)
        self._sock.listen(32)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._sock.accept()
            except OSError:
                return
            self.asked.append(peer.recv(4096))
            if self.answer is None:
                self.held.append(peer)
                continue
            with peer:
                peer.sendall(self.answer)

    def close(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        for peer in self.held:
            peer.close()


class Stage:
    def __init__(self, path: Path) -> None:
        self.loop, self.stop = Loop(), threading.Event()
        self.frames = Frames(self.loop, path)
        self.thread = threading.Thread(target=self.loop.run, args=(self.stop, 0.02, lambda: None))
        self.thread.start()

    def ask(self, width: int = 640) -> list[bytes]:
        got: list[bytes] = []
        self.loop.call(lambda: self.frames.newest(width, got.append))
        return got

    def close(self) -> None:
        self.stop.set()
        self.thread.join()
        self.frames.close()
        self.loop.close()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    made = Stage(tmp_path / "manager.sock")
    yield made
    made.close()


@pytest.fixture
def portal(tmp_path: Path) -> Iterator[Portal]:
    made = Portal(tmp_path / "manager.sock")
    yield made
    made.close()


def test_a_picture_of_that_width_is_asked_for_as_somebody_who_may_look(stage: Stage, portal: Portal) -> None:
    got = stage.ask(320)
    until(lambda: got == [b"JPEG"], "the picture")
    assert portal.asked[0].startswith(b"GET /anpr/api/frame?width=320&max_age_s=30 HTTP/1.0\r\n")
    assert b"X-Gatewright-Permissions: view\r\n" in portal.asked[0]


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.0 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nJPEG",
        b"HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nJPEG",
        b"HTTP/1.0 200 OK\r\n\r\nJPEG",
        b"200\r\n\r\n",
    ],
    ids=["nothing", "refused", "broken off", "without a length", "no answer"],
)
def test_anything_but_a_whole_picture_is_none(stage: Stage, portal: Portal, answer: bytes) -> None:
    portal.answer = answer
    got = stage.ask()
    until(lambda: got == [b""], "the answer")


def test_without_a_portal_and_with_too_many_questions_there_is_none_at_once(stage: Stage, tmp_path: Path) -> None:
    got = stage.ask()
    until(lambda: got == [b""], "the answer")
    portal = Portal(tmp_path / "manager.sock")
    portal.answer = None
    waiting = [stage.ask() for _ in range(MOST_AT_ONCE)]
    until(lambda: len(portal.held) == MOST_AT_ONCE, "all of them")
    more = stage.ask()
    until(lambda: more == [b""], "the one too many")
    assert waiting == [[]] * MOST_AT_ONCE
    portal.close()


def test_a_portal_that_says_nothing_is_waited_for_only_so_long(
    stage: Stage, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "WITHIN_S", 0.05)
    portal.answer = None
    got = stage.ask()
    until(lambda: got == [b""], "the end of the wait")
