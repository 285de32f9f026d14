"""Talker: a TCP server of one client that says what a test wants, whatever it is, then waits until the client has gone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

GONE_S = 20.0


@contextmanager
def talker(talk: Callable[[socket.socket], object], host: str = "127.0.0.1") -> Iterator[int]:
    """Its port; `talk` gets the connection."""
    with socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET) as listener:

        def serve() -> None:
            peer, _ = listener.accept()
            with peer, suppress(OSError):
                talk(peer)
                peer.settimeout(GONE_S)
                peer.recv(1)

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join()
