"""Told: what each path says of a passage, as a recorder, a server or a broker at its end understands it."""

from __future__ import annotations

import base64
import http.client
import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

from board.kit.sockets import short_address
from engine.formats.nvr import Recognition

SOAP = "http://www.w3.org/2003/05/soap-envelope"
EVENTS, WSNT = "http://www.onvif.org/ver10/events/wsdl", "http://docs.oasis-open.org/wsn/b-2"
SPACES = {"tt": "http://www.onvif.org/ver10/schema", "wsnt": WSNT, "wsa": "http://www.w3.org/2005/08/addressing"}
EVENT_SERVICE = "/onvif/event_service"
ASK_S = 70.0


@dataclass(frozen=True)
class Fact:
    """`at_ms`: since 1970; None: this path does not carry it."""

    plate: str
    at_ms: int | None
    id: str | None
    decision: str | None


def of_document(body: bytes) -> Fact:
    """Our own JSON (engine/formats/event.py)."""
    said = json.loads(body)
    return Fact(said["plate"], since_1970_ms(datetime.fromisoformat(said["time"])), said["event_id"], said["decision"]["outcome"])


def of_milesight(body: bytes, zone: ZoneInfo) -> Fact:
    """A recorder's JSON, whose time is that of the camera's zone."""
    said = json.loads(body)
    local = datetime.strptime(said["time_msec"], "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=zone)
    return Fact(said["plate"], since_1970_ms(local), said["event_id"], said["decision"])


def of_address(path: str) -> Fact:
    """A recorder's GET."""
    (plate,) = parse_qs(urlsplit(path).query)["description"]
    return Fact(plate, None, None, None)


def of_tcp(found: Recognition) -> Fact:
    return Fact(found.plate, since_1970_ms(found.at), found.said["event_id"], found.said["decision"])


def of_onvif(document: bytes) -> Iterator[tuple[str, Fact]]:
    """(path, what it says) of each notification of a plate in an answer of the event service or in a metadata stream."""
    for notification in ElementTree.fromstring(document).iter(f"{{{WSNT}}}NotificationMessage"):
        topic = notification.findtext("wsnt:Topic", "", SPACES)
        message = notification.find("wsnt:Message/tt:Message", SPACES)
        if message is None or "LicensePlate" not in topic:
            continue
        items = {each.get("Name", ""): each.get("Value", "") for each in message.findall("tt:Data/tt:SimpleItem", SPACES)}
        plate = message.findtext(".//tt:PlateNumber", None, SPACES) or items["PlateNumber"]
        at_ms = since_1970_ms(datetime.fromisoformat(message.get("UtcTime", "")))
        path = "standard" if "Recognition" in topic else "detector"
        yield path, Fact(plate, at_ms, items["EventId"], items.get("Decision"))


class Puller:
    """A client of ONVIF's event service, over the vms process's own socket. Used by one thread."""

    def __init__(self, vms_socket: Path, user: str, password: str) -> None:
        self._socket = vms_socket
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers = {"Content-Type": "application/soap+xml; charset=utf-8", "Authorization": f"Basic {login}", "Host": "camera"}
        made = self._ask(EVENT_SERVICE, "<tev:CreatePullPointSubscription/>")
        address = ElementTree.fromstring(made).findtext(".//wsa:Address", "", SPACES)
        self._path = urlsplit(address).path

    def pull(self) -> Iterator[tuple[str, Fact]]:
        """What has come since; waits for it."""
        limits = "<tev:Timeout>PT60S</tev:Timeout><tev:MessageLimit>100</tev:MessageLimit>"
        return of_onvif(self._ask(self._path, f"<tev:PullMessages>{limits}</tev:PullMessages>"))

    def _ask(self, path: str, body: str) -> bytes:
        connection = http.client.HTTPConnection("camera", timeout=ASK_S)
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(ASK_S)
        with short_address(self._socket) as name:
            connection.sock.connect(name)
        sent = f'<s:Envelope xmlns:s="{SOAP}" xmlns:tev="{EVENTS}"><s:Body>{body}</s:Body></s:Envelope>'
        try:
            connection.request("POST", path, sent, self._headers)
            return connection.getresponse().read()
        finally:
            connection.close()


def since_1970_ms(at: datetime) -> int:
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
