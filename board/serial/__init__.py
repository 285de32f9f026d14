"""Serial lines by URL: `serial:///dev/ttyS0?baud=9600`, `socket://host:port`, `loop://` (what is sent comes back), `sim://name`.

`SerialLines` holds the lines that this process uses, each with a thread that reads it and opens it again when it went away: a
device that was pulled is back within 2 s of its return. STATE/run/devices holds the state of each line. Options of the first form:
parity (none, even, odd), bits (7, 8), stop (1, 2), rs485 (1: the port's driver switches the transceiver; most adapters do that
themselves).
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from board.devices import DeviceBook
from board.kit.errors import BoardError, ConfigError
from board.kit.state import State
from board.kit.words import NOTHING, Text
from board.serial._url import Addresses, Port, SerialUrl, as_named, parse_url

__all__ = ["SerialLines", "parse_url"]

AGAIN_S = 1.0
"""Pause between two tries to open a line."""

FIRST_OPEN_S = 2.0
"""A caller waits this long for a line that is being opened for the first time."""

MAX_HEARD = 4096
"""Bytes kept of what came in since the last message went out."""


class SerialLines:
    """Every line that this process uses; each is opened once, whoever writes to it or listens."""

    def __init__(self, state: State, book: DeviceBook, addresses_of: Addresses = as_named) -> None:
        self._addresses_of = addresses_of
        self._state = state
        self._book = book
        self._lock = threading.Lock()
        self._lines: dict[str, _Line] = {}
        self._listeners: dict[str, tuple[SerialUrl, Callable[[bytes], None]]] = {}
        self._holders: Counter[str] = Counter()

    @contextmanager
    def opened(self, text: str) -> Iterator[None]:
        """Opens the line, so that one that is missing shows before it is used, and holds it open; it is closed when nobody holds
        it any more and nobody listens to it. ConfigError: the URL is wrong."""
        url = parse_url(text)
        with self._lock:
            self._holders[url.device] += 1
            listened = url.device in self._listeners
        try:
            if not listened:
                self._line(url)
            yield
        finally:
            with self._lock:
                self._holders[url.device] -= 1
                over = not self._holders[url.device] and url.device not in self._listeners
            if over:
                self._drop(url.device)

    def listen(self, text: str, hear: Callable[[bytes], None]) -> None:
        """From now on `hear` gets what comes in on the line, from the line's thread. ConfigError: the URL is wrong."""
        url = parse_url(text)
        self._listeners[url.device] = (url, hear)
        self._line(url).hear = hear

    def unlisten(self, text: str) -> None:
        """Ends what `listen` began; the line is closed unless somebody holds it open."""
        device = parse_url(text).device
        with self._lock:
            self._listeners.pop(device, None)
            held = self._holders[device]
            line = self._lines.get(device)
        if not held:
            self._drop(device)
        elif line is not None:
            line.hear = lambda data: None

    def send(self, text: str, data: bytes, answer: bytes = b"", timeout_s: float = 1.0) -> bytes:
        """Sends, and waits for `answer` among what comes in then; returns what came in (b"" when none is awaited).

        BoardError: the line is not there, takes nothing, or the answer did not come; ConfigError: the URL is wrong, or the
        line is listened to with other settings."""
        url = parse_url(text)
        listened = self._listeners.get(url.device)
        if listened is not None and listened[0] != url:
            raise ConfigError("{device} is used with other settings by the serial trigger", device=url.device)
        return self._line(url).send(data, answer, timeout_s)

    def later(self, text: str, data: bytes, delay_s: float) -> None:
        """Sends once `delay_s` have passed, unless something else is sent before."""
        self._line(parse_url(text)).due = (time.monotonic() + delay_s, data)

    def close(self) -> None:
        for device in list(self._lines):
            self._drop(device)

    def _line(self, url: SerialUrl) -> _Line:
        with self._lock:
            line = self._lines.get(url.device)
        if line is not None and line.url != url:
            self._drop(url.device)
            line = None
        if line is None:
            with self._lock:
                line = self._lines.setdefault(url.device, _Line(url, self._state, self._book, self._addresses_of))
                if url.device in self._listeners:
                    line.hear = self._listeners[url.device][1]
            line.start()
        return line

    def _drop(self, device: str) -> None:
        with self._lock:
            line = self._lines.pop(device, None)
        if line is not None:
            line.stop()
            self._book.forget(device)


class _Line:
    def __init__(self, url: SerialUrl, state: State, book: DeviceBook, addresses_of: Addresses) -> None:
        self._addresses_of = addresses_of
        self.url = url
        self.hear: Callable[[bytes], None] = lambda data: None
        self.due: tuple[float, bytes] | None = None
        self._state = state
        self._book = book
        self._port: Port | None = None
        self._problem = Text("is being opened")
        self._tried = threading.Event()
        self._stop = threading.Event()
        self._sending = threading.Lock()
        self._arrived = threading.Condition()
        self._heard = b""
        self._thread = threading.Thread(target=self._run, name=url.device, daemon=True)
        self._started = False

    def start(self) -> None:
        if not self._started:
            self._started = True
            self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        if self._started and threading.current_thread() is not self._thread:
            self._thread.join(3.0)

    def send(self, data: bytes, answer: bytes, timeout_s: float) -> bytes:
        self._tried.wait(FIRST_OPEN_S)
        with self._sending:
            port = self._port
            if port is None:
                raise BoardError("{device}: {problem}", device=self.url.device, problem=self._problem)
            self.due = None
            with self._arrived:
                self._heard = b""
            try:
                port.write(data)
            except BoardError as why:
                raise BoardError("{device}: {why}", device=self.url.device, why=why) from why
            if not answer:
                return b""
            with self._arrived:
                came = self._arrived.wait_for(lambda: answer in self._heard, timeout_s)
                heard = self._heard
        if not came:
            said = Text("answers {bytes}", {"bytes": ascii(heard.decode("latin-1"))[:80]}) if heard else Text("does not answer")
            raise BoardError(
                "{device} {said} within {timeout_s:g} s; {expected!a} was expected",
                device=self.url.device,
                said=said,
                timeout_s=timeout_s,
                expected=answer.decode("latin-1"),
            )
        return heard

    def _run(self) -> None:
        from board.serial._ports import open_port  # pyserial is needed only where a line is used

        while not self._stop.is_set():
            try:
                port = open_port(self.url, self._state, self._addresses_of)
            except BoardError as why:
                self._tell(why.text)
            else:
                self._port = port
                self._tell(NOTHING)
                try:
                    self._serve(port)
                except BoardError as why:
                    self._tell(why.text)
                finally:
                    self._port = None
                    port.close()
            self._stop.wait(AGAIN_S)

    def _serve(self, port: Port) -> None:
        while not self._stop.is_set():
            data = port.read()
            if data:
                with self._arrived:
                    self._heard = (self._heard + data)[-MAX_HEARD:]
                    self._arrived.notify_all()
                self.hear(data)
            due = self.due
            # Never waited for: who has it may be waiting for an answer, which nobody else reads.
            if due is not None and time.monotonic() >= due[0] and self._sending.acquire(blocking=False):
                try:
                    if self.due is due:
                        self.due = None
                        port.write(due[1])
                finally:
                    self._sending.release()

    def _tell(self, problem: Text) -> None:
        self._problem = problem
        self._book.report(self.url.device, problem)
        self._tried.set()
