"""Server: processes one SOAP request from its bytes to its answer: identifies the client, checks its permission, runs the
operation."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from board.kit.clients import Clients
from board.kit.errors import GatewrightError
from board.kit.people import Person
from engine.log_in import lasting
from engine.vms.access import Access, Denied, address_of
from engine.vms.http import Reply, Request, text
from engine.vms.onvif import soap
from engine.vms.onvif.camera import Camera
from engine.vms.onvif.operations import ACT, OPEN, SNAPSHOT, Call, Later, Operation, Table
from engine.vms.onvif.soap import Envelope, Fault
from engine.vms.onvif.username_token import question
from engine.vms.onvif.xml import Xml

log = logging.getLogger("vms.onvif")

HOST = re.compile(r"(?P<host>\[[0-9A-Fa-f:.%]{2,60}\]|[A-Za-z0-9._-]{1,253})(:(?P<port>[0-9]{1,5}))?")
SERVER = "onvif"
"""In the list of who uses this process's servers."""
TYPE = (("Content-Type", soap.TYPE),)
PERMISSION = {ACT: "open"}
"""Access class -> permission that the log-in must have besides."""


class Onvif:
    """`answer` is for the loop's thread."""

    def __init__(self, camera: Camera, access: Access, table: Table, clients: Clients) -> None:
        self.camera = camera
        self._clients = clients
        self._access = access
        self._table = table

    def answer(self, request: Request, reply: Callable[[Reply], None]) -> None:
        """Calls `reply` once, at once or later."""
        if request.path == SNAPSHOT and request.method in ("GET", "HEAD"):
            self._access.check(request, lambda problem: reply(problem) if problem else self._snapshot(request, reply), "view")
            return
        if request.method != "POST":
            reply(text(405, "this is for ONVIF clients, which POST here", ("Allow", "POST")))
            return
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() not in soap.TYPES:
            reply(text(415, f"send {soap.TYPES[0]}"))
            return
        if not request.body and "authorization" not in request.headers:
            self._access.person(request, (), lambda found: self._challenge(found, reply))
            return
        try:
            asked = soap.envelope(request.body)
        except Fault as why:
            reply(_fault(why, None))
            return
        operation = self._table.operations.get((asked.body.space, asked.body.name))
        if operation is None:
            reply(_fault(_unknown(asked, self._table), asked))
        elif operation.access == OPEN:
            self._carry_out(operation, request, asked, None, reply)
        else:
            token = None if asked.token is None else question(asked.token, address_of(request))

            def known(found: Person | Denied) -> None:
                self._admitted(operation, request, asked, found, reply)

            if isinstance(token, Denied):
                known(token)
            else:
                self._access.person(request, () if token is None else (token,), known)

    def _challenge(self, found: Person | Denied, reply: Callable[[Reply], None]) -> None:
        """For libcurl, which sends an empty body when it is told to use digests (curl --digest), and what it has to say only with
        the answer to the challenge (RFC 7616, 3.3)."""
        assert isinstance(found, Denied)  # nothing was sent that names anybody
        reply(_denied(found, None))

    def _snapshot(self, request: Request, reply: Callable[[Reply], None]) -> None:
        token = request.target.partition("profile=")[2]
        try:
            videos = self.camera.videos()
        except GatewrightError as why:
            reply(text(503, str(why)))
            return
        chosen = next((each for each in videos if each.stream.name == token), videos[0])

        def done(picture: bytes) -> None:
            if picture:
                reply(Reply(200, picture, (("Content-Type", "image/jpeg"), ("Cache-Control", "no-store"))))
            else:
                reply(text(503, "there is no picture now", ("Retry-After", "2")))

        self.camera.frame(chosen.size[0], done)

    def _admitted(
        self, operation: Operation, request: Request, asked: Envelope, found: Person | Denied, reply: Callable[[Reply], None]
    ) -> None:
        needed = PERMISSION.get(operation.access, "view")
        if isinstance(found, Person) and needed not in found.permissions:
            found = Denied(403, f"{found.name} lacks the permission {needed}")
        if isinstance(found, Denied):
            user = asked.token.user if asked.token is not None else ""
            self._clients.request(SERVER, address_of(request), user, operation.name, found.reason)
            reply(_denied(found, asked))
            return
        self._carry_out(operation, request, asked, found, reply)

    def _carry_out(
        self, operation: Operation, request: Request, asked: Envelope, person: Person | None, reply: Callable[[Reply], None]
    ) -> None:
        host = HOST.fullmatch(request.headers.get("host", ""))
        call = Call(
            request,
            asked,
            base=f"{'https' if request.headers.get('x-forwarded-proto') == 'https' else 'http'}://{host[0] if host else 'camera'}",
            host=host["host"] if host else "camera",
            who=person.name if person is not None else "",
            address=address_of(request),
            services=self._table.services,
            permissions=person.permissions if person is not None else (),
            whose=lasting(request.headers.get("authorization", ""), asked.token.user if asked.token is not None else ""),
        )

        def done(said: Xml | Fault) -> None:
            told = said.reason if isinstance(said, Fault) else ", ".join(call.said) or "OK"
            self._clients.request(SERVER, call.address, call.who, operation.name, told)
            reply(_fault(said, asked) if isinstance(said, Fault) else Reply(200, soap.answer(said, asked), TYPE))

        said: Xml | Later | Fault
        try:
            said = operation.answer(self.camera, call)
        except Fault as why:
            said = why
        except Exception:  # an error in one operation must not end the others
            log.exception("%s", operation.name)
            said = soap.cannot("ter:Action", "unexpected error; the Vms log says more")
        if isinstance(said, Xml | Fault):
            done(said)
        else:
            said(done)


def _unknown(asked: Envelope, table: Table) -> Fault:
    name = asked.body.name[:60]
    if any(service.space == asked.body.space for service in table.services):
        return soap.cannot("ter:ActionNotSupported", f"this camera has no {name}")
    return soap.wrong("ter:UnknownAction", f"{name} is no operation of a service that this camera has")


def _denied(why: Denied, asked: Envelope | None) -> Reply:
    headers = (each for each in why.headers if not each[1].startswith("Basic"))  # no plain password for SOAP
    return Reply(why.status, soap.fault(soap.wrong("ter:NotAuthorized", why.reason), asked), (*TYPE, *headers))


def _fault(what: Fault, asked: Envelope | None) -> Reply:
    kind = (("Content-Type", soap.OLD_TYPE),) if isinstance(what, soap.OldVersion) else TYPE
    return Reply(what.status, soap.fault(what, asked), kind)
