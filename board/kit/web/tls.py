"""TLS: connections of a server that are encrypted; OpenSSL (5 MB) is loaded with the first of them."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

from board.kit.loop import READ, WRITE
from board.kit.web.connections import Connection

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption alone. Those of TLS 1.3 are all of that kind."""
_RECORD_BYTES = 16 << 10
"""The most that one record holds. A record that is not taken wholly must be offered again with the same bytes, so that no more than
one is under way."""


def server_context(certificate: Path, key: Path | None = None) -> ssl.SSLContext:
    """`certificate`: with its chain; its key stands there too where no `key` is given. OSError when they cannot be used."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers(CIPHERS)
    context.options |= ssl.OP_NO_RENEGOTIATION
    # Boards and phones without instructions for AES ask for ChaCha20 first, and get it.
    context.options &= ~ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    context.load_cert_chain(certificate, key)
    return context


class TlsConnection(Connection):
    """A connection whose handshake the loop carries out (`handshake`) before it is used as any other."""

    __slots__ = ("_tls",)
    secure = True

    def __init__(self, sock: socket.socket, address: str, port: int, key: str, context: ssl.SSLContext) -> None:
        sock.setblocking(False)
        self._tls = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
        super().__init__(self._tls, address, port, key)

    def handshake(self) -> int:
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return READ
        except ssl.SSLWantWriteError:
            return WRITE
        return 0

    def receive(self, most: int = 16 << 10) -> bytes | None:
        try:
            return self._tls.recv(most)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
            return None
        except ssl.SSLEOFError:
            return b""

    def decrypted(self) -> int:
        return self._tls.pending()

    def send_some(self) -> int:
        sent = 0
        while self.out:
            try:
                taken = self._tls.send(self.out[:_RECORD_BYTES])
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
                break
            self.out = self.out[taken:]
            sent += taken
        return sent

    def no_more(self) -> None:
        self._say_goodbye()
        self._tls.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        if not self.abandoned:
            self._say_goodbye()
        self._tls.close()

    def _say_goodbye(self) -> None:
        """Whoever reads up to the end knows then that nothing was cut off (RFC 8446, 6.1)."""
        try:
            self._tls.unwrap()
        except (OSError, ValueError):
            pass  # the client's own goodbye is not waited for
