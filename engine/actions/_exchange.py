"""Exchange: a conversation with a peer over TCP that ends in time, whatever the peer does, and says what went wrong."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Annotated, Any

from board.kit.errors import ConfigError, DeliveryError, PeerAway, PeerBusy, PeerRefused
from board.kit.fields import AfterValidator
from board.kit.words import Text, mark
from engine.network import BarredNow, Network

BAD_CERTIFICATE = mark(
    "its certificate is not accepted ({reason}); the certificate of an authority of your own goes into the field for it"
)
BAD_TLS = mark("no TLS connection ({reason}): does it speak TLS on this port?")

FAILED = mark("{target}: {reason}")

MOST_ANSWERS = 65_536
"""Characters that a peer may say in one exchange of commands and answers."""


def check_host(host: str) -> str:
    """A host's name or address, without brackets around IPv6; ConfigError when it is more or less than that."""
    host = host.removeprefix("[").removesuffix("]")
    if not host or not host.isprintable() or any(each in host for each in " /@?#%\\,;[]"):
        raise ConfigError("must be a host name or an address such as 192.168.1.10")
    return host


def check_one_line(text: str) -> str:
    """The text; ConfigError when it would end a line of the conversation."""
    if not text.isprintable():
        raise ConfigError("must be one line")
    return text


Host = Annotated[str, AfterValidator(check_host)]
"""The type of an option `host`."""
OneLine = Annotated[str, AfterValidator(check_one_line)]
"""The type of an option that is said to a peer as it is."""


def place(host: str, port: int) -> str:
    """ "nvr.example:8080", "[2001:db8::1]:443": as logs name a peer."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Bounded:
    """A peer's answers, read line by line: MOST_ANSWERS characters of them at most, whatever the peer sends."""

    def __init__(self, file: IO[Any]) -> None:
        self._file = file
        self._left = MOST_ANSWERS

    def readline(self, most: int = -1) -> Any:
        line = self._file.readline(min(most, self._left + 1) if most >= 0 else self._left + 1)
        self._left -= len(line)
        if self._left < 0:
            raise DeliveryError("it talks without end")
        return line

    def close(self) -> None:
        self._file.close()


class Exchange:
    """What is connected here is cut off when the time is up. Use it by `exchange`."""

    def __init__(self, network: Network, timeout_s: float) -> None:
        self._network = network
        self.timeout_s = timeout_s
        self.end_s = time.monotonic() + timeout_s
        """time.monotonic() at which it is over."""
        self.said_all = False
        """Whoever talks sets it once the peer has all that it is to be told."""
        self._over = False
        self._connected: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = self._started(timeout_s)

    def _started(self, seconds: float) -> threading.Timer:
        timer = threading.Timer(seconds, self.cut)
        timer.daemon = True
        timer.start()
        return timer

    def prolong(self, seconds: float) -> None:
        """It may take so much longer than was said, if it is not over yet."""
        self._end_timer()
        if not self._over:
            self.timeout_s += seconds
            self.end_s += seconds
            self._timer = self._started(max(0.0, self.end_s - time.monotonic()))

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
            self._timer = None  # they know each other: what is over would stay until Python's collector comes

    @property
    def is_over(self) -> bool:
        return self._over

    @property
    def late(self) -> Text:
        return Text("no answer in {seconds:g} s", {"seconds": self.timeout_s})

    def connect(self, host: str, port: int) -> socket.socket:
        """PeerAway: no connection; ConfigError: actions may not reach that host."""
        try:
            sock = self._network.connect(host, port, self.end_s)
        except TimeoutError as why:
            raise PeerAway("no connection in {seconds:g} s", seconds=self.timeout_s) from why
        except OSError as why:
            raise PeerAway("no connection ({reason})", reason=why.strerror or type(why).__name__) from why
        self.guard(sock)
        return sock

    def guard(self, sock: socket.socket) -> None:
        """Cuts off this connection too when the time is up, though it was there before."""
        same = socket.socket(fileno=os.dup(sock.fileno()))  # TLS takes the socket's number over
        with self._lock:
            self._connected.append(same)
            if self._over:
                _cut(same)

    def keep(self) -> None:
        """Connections stay open when the exchange ends."""
        with self._lock:
            for sock in self._connected:
                sock.close()
            self._connected.clear()

    def check(self) -> None:
        """DeliveryError when the time is up: what was cut short may look like a whole answer."""
        if self._over:
            raise DeliveryError(self.late)

    def cut(self) -> None:
        with self._lock:
            self._over = True
            for sock in self._connected:
                _cut(sock)

    def close(self) -> None:
        self._end_timer()
        with self._lock:
            for sock in self._connected:
                _cut(sock)
                sock.close()
            self._connected.clear()

    def said(self, why: OSError | EOFError) -> Text:
        """What went wrong, for people."""
        import ssl  # here: TLS is 5 MB, which a camera that calls nobody spares

        if self._over or isinstance(why, TimeoutError):
            return self.late

        if isinstance(why, ssl.SSLCertVerificationError):
            return Text(BAD_CERTIFICATE, {"reason": why.verify_message})
        if isinstance(why, EOFError) or (isinstance(why, ssl.SSLEOFError) and not why.reason):  # while it was written to
            return Text("it ended the connection")
        if isinstance(why, ssl.SSLError):
            return Text(BAD_TLS, {"reason": why.reason or type(why).__name__})
        return Text("no answer ({reason})", {"reason": why.strerror or type(why).__name__})


def _cut(sock: socket.socket) -> None:
    try:
        sock.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the peer was faster


@contextmanager
def exchange(network: Network, target: str, timeout_s: float) -> Iterator[Exchange]:
    """From look-up to last answer in `timeout_s`: a socket's own time-out starts over with each byte. What fails becomes a
    DeliveryError that names `target`, without its cause, which may hold a secret; PeerRefused, PeerBusy and ConfigError stay as
    they are, but for BarredNow."""
    it = Exchange(network, timeout_s)
    try:
        yield it
    except BarredNow as why:
        raise PeerAway(why.text) from None
    except (PeerRefused, PeerBusy, ConfigError):
        if it.is_over:
            raise _failed(target, it.late) from None
        raise
    except PeerAway as why:
        raise PeerAway(FAILED, target=target, reason=it.late if it.is_over else why.text) from None
    except DeliveryError as why:
        raise _failed(target, it.late if it.is_over else why.text) from None
    except (OSError, EOFError) as why:
        raise _failed(target, it.said(why)) from None
    finally:
        it.close()


def _failed(target: str, reason: Text) -> DeliveryError:
    return DeliveryError(FAILED, target=target, reason=reason)
