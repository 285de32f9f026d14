"""Data TLS: encrypts a data connection, and says nothing by itself once it is open.

In TLS 1.3 a server follows its handshake with session tickets. Whoever sends a file has no reason to read them; his machine then
closes with bytes unread, that is by a reset, and throws away what it has not sent yet: the end of the file. So the tickets wait
until there is something to say to the client, at the latest the goodbye. pyOpenSSL knows no number of tickets to set.
"""

from __future__ import annotations

import errno
import socket
from contextlib import suppress
from typing import Any

from OpenSSL import SSL

HEAD_BYTES = 5
"""Of a record (RFC 8446, 5.1): its last two bytes tell how many follow."""
TYPES = range(20, 25)
"""Of records, which stand in the first byte; the second is 3 in all versions."""
RECORD_BYTES = 1 << 14
"""The most that one holds."""
_PIECE_BYTES = 1 << 16


class DataTls(SSL.Connection):
    """As SSL.Connection of `sock`, which never blocks."""

    def __init__(self, context: SSL.Context, sock: socket.socket) -> None:
        super().__init__(context, None)
        self._socket: Any = sock  # what is no matter of TLS is still asked of it
        self._came = bytearray()
        """A record that has not come whole yet."""
        self._going = b""
        """What the socket has not taken yet."""

    def do_handshake(self) -> None:
        try:
            while True:
                try:
                    super().do_handshake()
                    break
                except SSL.WantReadError:
                    self._say()
                    self._hear()
        except (SSL.WantReadError, SSL.WantWriteError, SSL.SysCallError):
            raise
        except SSL.Error:
            with suppress(SSL.Error):
                self._say()  # why not
            raise
        if self.get_protocol_version() < SSL.TLS1_3_VERSION:  # whose handshake ends with the server's word
            self._say()

    def recv(self, bufsiz: int, flags: int | None = None) -> bytes:
        while True:
            try:
                return super().recv(bufsiz, flags)
            except SSL.WantReadError:
                self._hear()

    def send(self, buf: Any, flags: int = 0) -> int:
        self._say()
        taken: int = super().send(buf[:RECORD_BYTES], flags)  # no more: what is taken counts as moved, however slow the client is
        with suppress(SSL.WantWriteError):  # it goes with what comes next
            self._say()
        return taken

    def shutdown(self) -> bool:
        done: bool = super().shutdown()
        self._say()
        return done

    def _hear(self) -> None:
        """Takes one record and no more: the loop has to see that there are others. WantReadError: it is not there yet."""
        while len(self._came) < HEAD_BYTES or self._lacking():
            try:
                data = self._socket.recv(self._lacking() or HEAD_BYTES - len(self._came))
            except BlockingIOError:
                raise SSL.WantReadError from None
            except OSError as why:
                raise SSL.SysCallError(why.errno, why.strerror) from None
            if not data and self._came:  # many a client ends without TLS's goodbye, but none within what it says
                raise SSL.SysCallError(errno.ECONNRESET, "cut off within a record")
            if not data:
                raise SSL.SysCallError(-1, "Unexpected EOF")
            self._came += data
        self.bio_write(bytes(self._came))
        self._came.clear()

    def _lacking(self) -> int:
        """Bytes that are still to come of a record whose head is there; of what is none OpenSSL says what is wrong with it."""
        if len(self._came) < HEAD_BYTES or self._came[0] not in TYPES or self._came[1] != 3:
            return 0
        return HEAD_BYTES + int.from_bytes(self._came[3:HEAD_BYTES], "big") - len(self._came)

    def _say(self) -> None:
        """Sends all that there is. WantWriteError: some is left."""
        while True:
            if not self._going:
                try:
                    self._going = self.bio_read(_PIECE_BYTES)
                except SSL.WantReadError:
                    return
            try:
                self._going = self._going[self._socket.send(self._going) :]
            except BlockingIOError:
                raise SSL.WantWriteError from None
            except OSError as why:
                raise SSL.SysCallError(why.errno, why.strerror) from None
