"""Chunks: a request's body whose length nobody told beforehand (RFC 9112, 7.1), as .NET, Java and gSOAP send what they write piece
by piece. It is read as strictly as heads are, and handed on as a body of known length."""

from __future__ import annotations

import re

from board.kit.web.heads import UNMEASURED, BadRequest, header

_SIZE = re.compile(rb"([0-9A-Fa-f]{1,8})[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
_MAX_LINE_BYTES = 256


class Chunks:
    """`body`: what came of it, at most `most` bytes; what is said around it may take as much again."""

    def __init__(self, most: int) -> None:
        self.body = bytearray()
        self._most = most
        self._around = most
        self._left = 0
        """Bytes that are still to come of the chunk at hand."""
        self._ends = False
        """Its line end comes next."""
        self._last = False
        """The chunk without bytes has come: trailers follow, which nobody here asks for, and an empty line."""

    def take(self, buffer: bytearray) -> bool:
        """Takes what is the body's from the beginning of `buffer`; whether the body is complete. BadRequest: it is malformed, or
        too long for one without a length."""
        while True:
            if self._left:
                part = buffer[: self._left]
                del buffer[: self._left]
                self.body += part
                self._left -= len(part)
                self._ends = not self._left
                if self._left:
                    return False
            line = self._line(buffer)
            if line is None:
                return False
            if self._ends:
                if line:
                    raise BadRequest(400, "malformed chunk")
                self._ends = False
            elif not self._last:
                self._begin(line)
            elif not line:
                return True
            else:
                header(line)

    def _begin(self, line: bytes) -> None:
        found = _SIZE.fullmatch(line)
        if found is None:
            raise BadRequest(400, "malformed chunk")
        self._left = int(found[1], 16)
        self._last = not self._left
        if len(self.body) + self._left > self._most:
            raise BadRequest(411, UNMEASURED)

    def _line(self, buffer: bytearray) -> bytes | None:
        """The next line without its end; None while it is not complete."""
        at = buffer.find(b"\r\n", 0, _MAX_LINE_BYTES + 2)
        if at < 0:
            if len(buffer) > _MAX_LINE_BYTES + 1:
                raise BadRequest(400, "malformed chunk")
            return None
        line = bytes(buffer[:at])
        del buffer[: at + 2]
        self._around -= at + 2
        if self._around < 0:
            raise BadRequest(411, UNMEASURED)
        return line
