"""SOCKET SERVER action: others connect to a port of the camera and get each event there (manual 4.4, List tab).

The port is open in the vms process (engine/vms/broadcasts.py), where hostile clients hold neither the store nor the gate."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from board.kit.errors import DeliveryError, PeerAway
from board.kit.settings import Settings, field_validator, option
from board.kit.words import Text, mark
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._vms import VmsLink
from engine.formats.framing import EXPLAINED, FRAMINGS, framed
from engine.formats.messages import DOCUMENTS
from engine.network import reachable
from engine.types import PlateEvent

log = logging.getLogger("actions")

AGAIN_S = 1.0
HELLO_S = 3.0
SPARE_S = 3.0
"""The vms process drops clients that do not read in time, and answers then."""


class SocketServerOptions(Settings):
    port: int = option(17010, "Port", "The TCP port of the camera that clients connect to.", ge=1024, le=65535)
    format: str = option("XML", "Format", "How the event is written; those with IMG have the pictures in them.", choices=DOCUMENTS)
    framing: str = option("newline", "Framing", EXPLAINED, choices=FRAMINGS)
    clients: str = option(
        "",
        "Addresses of clients",
        "Only these addresses and networks may connect, such as 192.168.7.5 10.0.0.0/8; empty: everybody on the network sees the "
        "plates.",
        max_length=300,
    )
    wait: bool = option(
        True, "Wait for a client", "An event waits for a day at most until a client is connected; otherwise it is for nobody then."
    )
    timeout_s: float = option(10.0, "Timeout", "A client that has not taken an event by then is dropped.", unit="s", ge=1, le=60)

    @field_validator("clients")
    @classmethod
    def _are_addresses(cls, text: str) -> str:
        reachable(text)
        return text

    @property
    def place(self) -> str:
        """The port, and who may connect: what `open` needs."""
        return " ".join((f"port {self.port}", *reachable(self.clients)))


class ListeningPort:
    """Keeps one port of the vms process open from `start` to `close`, whichever of the two processes is started again."""

    def __init__(self, vms: Path, port: int, allowed: tuple[str, ...]) -> None:
        self._link = VmsLink(vms)
        self._port = port
        self._allowed = allowed
        self._is_open = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"port-{port}", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(HELLO_S + AGAIN_S)
        with self._lock:
            self._link.close()

    def send(self, body: bytes, timeout_s: float, what: str) -> int:
        """How many clients took it. `what`: for whoever shows it. DeliveryError: the port is not open."""
        if not self._lock.acquire(timeout=timeout_s + SPARE_S):
            raise DeliveryError("port {port}: another event is still on its way", port=self._port)
        try:
            return self._ask(body, timeout_s, what)
        finally:
            self._lock.release()

    def _run(self) -> None:
        while True:
            try:
                with self._lock:
                    if not (self._is_open and self._link.connected):
                        self._ask(b"", HELLO_S)
            except DeliveryError as why:
                log.debug("%s", why)  # whoever sends an event is told
            except Exception:  # the thread's top
                log.exception("port %d", self._port)
            if self._stop.wait(AGAIN_S):
                return

    def _ask(self, body: bytes, timeout_s: float, what: str = "") -> int:
        head = {"port": self._port, "allowed": self._allowed, "within_s": timeout_s, "what": what}
        try:
            answer = self._link.ask(head, body, timeout_s + SPARE_S)
        except OSError as why:
            raise DeliveryError("port {port}: the vms process does not answer", port=self._port) from why
        self._is_open = not answer["problem"]
        if not self._is_open:
            raise DeliveryError("port {port} cannot be opened: {reason}", port=self._port, reason=answer["problem"])
        return int(answer["clients"])


@contextmanager
def _open(place: str, env: ActionEnv) -> Iterator[ListeningPort]:
    _, port, *allowed = place.split()
    listening = ListeningPort(env.vms, int(port), tuple(allowed))
    listening.start()
    try:
        yield listening
    finally:
        listening.close()


def _deliver(event: PlateEvent, options: SocketServerOptions, env: ActionEnv) -> Text:
    body = framed(env.message(event, options.format).body, options.framing)
    if isinstance(env.peer, ListeningPort):
        taken = env.peer.send(body, options.timeout_s, event.passage.plate)
    else:
        with _open(options.place, env) as listening:
            taken = listening.send(body, options.timeout_s, event.passage.plate)
    if taken:
        return Text(
            "{count} clients of port {port} took {size} bytes",
            {"count": taken, "port": options.port, "size": len(body)},
            one="{count} client of port {port} took {size} bytes",
        )
    if options.wait:
        raise PeerAway("nobody is connected to port {port}", port=options.port)
    return Text("nobody is connected to port {port}", {"port": options.port})


ACTION = ActionKind(
    name="socket_server",
    label="SOCKET SERVER",
    purpose=mark("Let programs listen by TCP"),
    about=mark("They connect and get every car."),
    options=SocketServerOptions,
    deliver=_deliver,
    pause_s=(1.0, 10.0),  # it is this camera itself that is asked, and a program that connects is told at once
    peer=lambda options: options.place,
    open=_open,
)
