"""Operations: what a service of ONVIF offers, as data; each file of services/ declares one service."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field

from board.kit.dataclass import dataclass
from board.kit.people import AskHa1, CheckToken
from engine.vms.http import Request
from engine.vms.onvif.camera import Camera
from engine.vms.onvif.soap import NAMESPACES, Envelope, Fault
from engine.vms.onvif.xml import Element, Xml, tag

SNAPSHOT = "/onvif/snapshot.jpg"
"""Where the current picture is, for device passwords, people and tokens."""

OPEN = "open"
"""Access class that ONVIF Core calls PRE_AUTH: no log-in, and one that is sent is ignored."""
READ = "read"
ACT = "act"
"""Changes what the camera's outputs do: the log-in must allow to open the gate."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `base`: where the client reaches the camera, "http://192.168.0.9:8080"; `host`: its host part alone; `who`:
    the user, "" for an open operation, `whose` its device password or token, and `permissions` what the log-in allows;
    `address`: the client's; `services`: all that the camera has."""

    request: Request
    asked: Envelope
    base: str
    host: str
    who: str
    address: str
    services: tuple[Service, ...]
    permissions: tuple[str, ...] = ()
    whose: AskHa1 | CheckToken | None = None
    said: list[str] = field(default_factory=list)
    """What the answer brings, in words for whoever shows it: plates."""

    @property
    def body(self) -> Element:
        """The operation's element."""
        return self.asked.body


Done = Callable[[Xml | Fault], None]
Later = Callable[[Done], None]
"""The return value of a handler whose answer takes time: it is called with the receiver of the answer, which must be called
once, in the loop's thread."""
Handler = Callable[[Camera, Call], Xml | Later]


@dataclass(frozen=True, slots=True)
class Operation:
    """`name`: of the element in the request's body; `space`: its namespace, "" for the service's own. The handler raises Fault."""

    name: str
    access: str
    answer: Handler
    space: str = ""


@dataclass(frozen=True, slots=True)
class Service:
    """`prefix`: of its namespace; `path`: its own address below which its others are; `version`: of its specification;
    `capabilities`: what it can, as attributes and children of the element <prefix:Capabilities>; `category`: its element in
    GetCapabilities, "" when it has none, and `legacy` what stands in it behind the address."""

    prefix: str
    path: str
    version: tuple[int, int]
    operations: tuple[Operation, ...]
    capabilities: Callable[[Camera], Xml]
    category: str = ""
    legacy: Callable[[Camera], Xml] | None = None

    @property
    def space(self) -> str:
        return NAMESPACES[self.prefix]


class Table:
    """All services, and their operations by (namespace, name)."""

    def __init__(self, services: tuple[Service, ...]) -> None:
        self.services = services
        self.operations: Mapping[tuple[str, str], Operation] = {
            (each.space or service.space, each.name): each
            for service in services
            for each in (*service.operations, _service_capabilities(service))
        }


def _service_capabilities(service: Service) -> Operation:
    """An operation of every service."""

    def answer(camera: Camera, call: Call) -> Xml:
        return tag(f"{service.prefix}:GetServiceCapabilitiesResponse", service.capabilities(camera))

    return Operation("GetServiceCapabilities", OPEN, answer)
