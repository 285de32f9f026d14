"""NVR recorder: logs in over TCP and reads what the camera sends, as a stranger would write it."""

from __future__ import annotations

import json
import socket

from engine.formats import nvr
from engine.formats.nvr import Reader, Recognition

PATIENCE_S = 20.0


class Recorder:
    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), PATIENCE_S)
        self.reader = Reader()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self) -> tuple[int, bytes] | None:
        """None: the camera ended the connection."""
        while (found := self.reader.next()) is None:
            try:
                data = self.sock.recv(65_536)
            except ConnectionResetError:
                data = b""
            if not data:
                return None
            self.reader.add(data)
        return found

    def plate(self) -> Recognition:
        found = self.receive()
        assert found is not None
        assert found[0] == nvr.RECOG_POST
        return nvr.read_recognition(found[1])

    def log_in(self, user: str, password: str) -> str:
        self.send(nvr.login(user, password))
        found = self.receive()
        assert found is not None
        assert found[0] == nvr.LOGIN_REPLY
        return str(json.loads(found[1])["result"])
