"""HTTP on the loop: who has been answered leaves nothing, and who is overdue is ended."""

from __future__ import annotations

import gc
import socket
import threading
import time
from pathlib import Path

import pytest

from board.kit.loop import Loop
from engine.vms import http
from engine.vms.http import HttpServer, Reply


def test_an_answered_client_leaves_nothing_until_its_deadline(tmp_path: Path) -> None:
    loop, stop = Loop(), threading.Event()
    server = HttpServer(loop, tmp_path / "vms.sock", lambda request, then: then(Reply(200, b"fine")))
    server.start()
    running = threading.Thread(target=lambda: loop.run(stop, 0.02, lambda: None))
    running.start()
    assert _asked(tmp_path / "vms.sock", b"GET / HTTP/1.1\r\nHost: camera\r\n\r\n").endswith(b"\r\n\r\nfine")
    stop.set()
    running.join()
    gc.collect()
    assert [each for each in gc.get_objects() if isinstance(each, http._Client)] == []
    server.close()
    loop.close()


def test_a_client_that_never_ends_its_request_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "DEADLINE_S", 0.02)
    monkeypatch.setattr(http, "LOOK_S", 0.01)
    loop, stop = Loop(), threading.Event()
    server = HttpServer(loop, tmp_path / "vms.sock", lambda request, then: None)
    server.start()
    running = threading.Thread(target=lambda: loop.run(stop, 0.01, lambda: None))
    running.start()
    began_s = time.monotonic()
    assert _asked(tmp_path / "vms.sock", b"GET / HTTP/1.1\r\nHost: cam") == b""
    assert time.monotonic() - began_s >= 0.02
    stop.set()
    running.join()
    server.close()
    loop.close()


def _asked(path: Path, request: bytes) -> bytes:
    """Everything that comes until the server ends the connection."""
    came = b""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.settimeout(20)
        sock.connect(str(path))
        sock.sendall(request)
        while data := sock.recv(65_536):
            came += data
    return came
