"""Letters: whom an MQTT connection is made to, what is published over it, and what is heard."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field

from board.kit.dataclass import dataclass
from engine.actions._exchange import place

ONLINE, OFFLINE = b"online", b"offline"


@dataclass(frozen=True, slots=True)
class Account:
    """Whom a connection is made to, and as whom. `status_topic`: where the broker says "offline" once the camera is gone; "":
    nowhere. `answer_topic`: where answers to what is asked are heard; "": nothing is. `only_local`: it must not leave the local
    network."""

    host: str
    port: int
    client_id: str
    user: str = ""
    password: str = field(default="", repr=False)
    tls: bool = False
    ca: str = ""
    status_topic: str = ""
    answer_topic: str = ""
    only_local: bool = False

    @property
    def place(self) -> str:
        return place(self.host, self.port)


@dataclass(frozen=True, slots=True)
class Letter:
    """What is published, with QoS 1 where the broker takes that. `expiry_s`: the broker throws it away when nobody has fetched it
    by then; 0: never. `id`: the same in every repetition, as the user property `delivery_id`; `properties`: more of these;
    `answer_topic`: the response topic, with the id as correlation data; `correlation`: that of whoever is answered."""

    topic: str
    body: bytes
    content_type: str = ""
    expiry_s: int = 0
    id: str = ""
    retain: bool = False
    answer_topic: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    correlation: bytes = b""


@dataclass(frozen=True, slots=True)
class Listening:
    """What a connection is for that listens. `heard(topic, body)` gives the answer to be published, None: none."""

    filters: tuple[str, ...]
    heard: Callable[[str, bytes], Letter | None] = field(compare=False)


@dataclass(frozen=True, slots=True)
class Heard:
    """What came to the answer topic. `properties`: its user properties."""

    body: bytes
    properties: tuple[tuple[str, str], ...]
