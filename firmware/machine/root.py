"""Root: asks firmware/privileged for what needs root. Where firmware/install did not put it, none of it can be done."""

from __future__ import annotations

import json
import socket
from pathlib import Path

from board.kit.errors import BoardError
from board.kit.from_json import from_json

SOCKET = Path("/run/gatewright-root.sock")
WITHIN_S = 300.0
MAX_ANSWER_BYTES = 4_096


class Helper:
    """`path`: its socket."""

    def __init__(self, path: Path = SOCKET) -> None:
        self._path = path

    @property
    def is_there(self) -> bool:
        return self._path.is_socket()

    def ask(self, verb: str, **values: object) -> None:
        """Has it done. BoardError says why not: it is not there, or it refuses."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
            sock.settimeout(WITHIN_S)
            try:
                sock.connect(str(self._path))
                sock.sendall(json.dumps({"do": verb, **values}).encode() + b"\n")
                answer = sock.makefile("rb").readline(MAX_ANSWER_BYTES)
            except OSError as why:
                raise BoardError("the helper for this is not there: {why}; firmware/install puts it in its place", why=why) from why
        try:
            said = from_json(answer)
            refused = said.get("error", "")
        except (ValueError, AttributeError) as why:
            raise BoardError("the helper for this gave no answer") from why
        if refused or said.get("ok") is not True:
            raise BoardError("{refused}", refused=str(refused)[:300])
