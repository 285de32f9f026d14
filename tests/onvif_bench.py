"""ONVIF bench: the SOAP server of a simulated board, called directly, with an Access and a service that do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from board.kit.clients import Clients
from board.kit.clock import TestClock
from board.kit.people import CheckUsernameToken, Person
from board.kit.state import State
from engine.messages import LineState, Outcome
from engine.vms.access import Denied
from engine.vms.http import Reply, Request
from engine.vms.onvif.camera import Camera
from engine.vms.onvif.events import Events
from engine.vms.onvif.push import Consumers
from engine.vms.onvif.server import Onvif
from engine.vms.onvif.services import table
from engine.vms.onvif.xml import Element, parse
from tests.onvif_client import HEADERS, SOAP, envelope, token
from tests.samples import server_settings
from tests.turned_loop import TurnedLoop

PATH = "/onvif/device_service"
HOST = "cam.example:8080"


class TestAccess:
    """Lets in who comes with a token of "admin", with `permissions`."""

    __test__ = False  # not a test class, though its name starts with Test

    def __init__(self) -> None:
        self.asked: list[CheckUsernameToken] = []
        self.permissions: tuple[str, ...] = ("view", "open")

    def person(self, request: Request, more: Sequence[CheckUsernameToken], then: Callable[[Person | Denied], None]) -> None:
        self.asked += more
        known = bool(more) and more[0].user == "admin"
        then(Person("VMS", self.permissions) if known else Denied(401, "log in", (("WWW-Authenticate", "Digest"),)))

    def check(self, request: Request, then: Callable[[Reply | None], None], needed: str) -> None:
        then(None if request.headers.get("authorization") == needed else Reply(401))


class Bench:
    def __init__(self, root: Path) -> None:
        self.access = TestAccess()
        self.orders: list[tuple[Any, Callable[[Outcome], None]]] = []
        self.widths: list[int] = []
        self.picture = b"JPEG"
        self.clock = TestClock()
        self.loop: Any = TurnedLoop(self.clock)
        self.lines: dict[str, LineState] = {}
        clients = Clients(State(root), "vms")
        events = Events(self.loop, self.clock, self.lines, Consumers(self.loop, lambda: (), clients))
        self.camera = Camera(
            State(root),
            self.clock,
            server_settings(camera_id="gw-1", camera_name="Gate 1", site="North & South", time_zone="Europe/Madrid"),
            events,
            lambda order, done: self.orders.append((order, done)),
            self._frame,
            version="1.2.3.0",
        )
        self.table = table()
        self.onvif = Onvif(self.camera, self.access, self.table, clients)  # type: ignore[arg-type]

    def _frame(self, width: int, done: Callable[[bytes], None]) -> None:
        self.widths.append(width)
        done(self.picture)

    def request(self, request: Request) -> list[Reply]:
        """The answers so far."""
        replies: list[Reply] = []
        self.onvif.answer(request, replies.append)
        return replies

    def post(self, body: bytes, headers: dict[str, str] | None = None, method: str = "POST") -> Reply:
        given = {"host": HOST, **{name.lower(): value for name, value in (headers or HEADERS).items()}}
        (reply,) = self.request(Request(method, PATH, PATH, given, body))
        return reply

    def ask(self, body: str, header: str = "") -> tuple[int, Element]:
        """Status and what stands in the answer's Body."""
        return said(self.post(envelope(body, header)))

    def ask_as_admin(self, body: str) -> tuple[int, Element]:
        return self.ask(body, token("admin", "x"))


def said(reply: Reply) -> tuple[int, Element]:
    inside = parse(reply.body).first("Body")
    assert inside is not None
    return reply.status, inside.children[0]


def fault_of(answer: tuple[int, Element]) -> tuple[int, str, str, str]:
    """Status, code, subcode, subcode within it."""
    status, fault = answer
    assert (fault.name, fault.space) == ("Fault", SOAP), fault.name
    return (
        status,
        fault.word("Code", "Value"),
        fault.word("Code", "Subcode", "Value"),
        fault.word("Code", "Subcode", "Subcode", "Value"),
    )
