"""MJPEG: a camera that answers byte by byte is given up (its other tests: tests/contract/test_cameras.py)."""

from __future__ import annotations

import socket
import threading

import pytest

from board.camera import _mjpeg
from board.camera._address import parse_address
from board.kit.errors import CameraError

pytestmark = pytest.mark.usefixtures("leak_free")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_camera_that_answers_byte_by_byte_is_given_up(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    """Each byte would begin a time-out of each read anew."""
    monkeypatch.setattr(_mjpeg, "WITHIN_S", 0.5)
    ended = threading.Event()

    def drip(server: socket.socket) -> None:
        sock, _ = server.accept()
        said = (b"HTTP/1.1 200 OK\r\nX: " if scheme == "http" else b"\x16\x03\x03\x3f\xff\x02\x00\x3f\xfb") + bytes(1000)
        try:
            for byte in said:
                sock.sendall(bytes((byte or 120,)))
                if ended.wait(0.05):
                    break
        except OSError:
            pass  # it was given up
        sock.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=drip, args=(server,))
        thread.start()
        try:
            with pytest.raises(CameraError, match="the connection stands, but nothing comes"):
                _mjpeg.ask(parse_address(f"{scheme}://127.0.0.1:{server.getsockname()[1]}/video"))
        finally:
            ended.set()
            thread.join()
