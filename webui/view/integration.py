"""Integration: which servers of the camera listen, who uses them, what recorders need to know, what a firewall lets through."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from board.kit.clients import ClientState, ServerClients, read_clients
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.from_json import from_json
from board.kit.servers import bind_address, read_servers
from board.kit.web.routes import Call
from board.kit.words import Text, mark
from engine.actions import options_of
from engine.dispatch.starts import opens
from engine.settings import RecorderSettings
from engine.types import ActionRule
from webui.portal import Portal
from webui.view import shapes
from webui.view.recorders import PRODUCTS, Product

LOOPBACK = ("127.0.0.1", "::1", "localhost")
HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::\d{1,5})?")
PEER = re.compile(r"(.+):(\d{1,5})")

FTP = "ftp"
"""Its process is confined and answers nobody here: how many use it stands in a file."""

HTTPS = "https"
"""The host's; who uses it is not counted."""

ON, OFF, SILENT = "on", "off", "silent"
"""A server listens; it is switched off; it should listen and does not."""


@dataclass(frozen=True, slots=True)
class Known:
    """A server of this camera. `name`: in STATE/run/servers.json; `use`: of the device passwords that log in, "" where none does;
    `wanted(portal)`: whether it is switched on, None where another page says so."""

    name: str
    title: str
    about: str
    use: str
    wanted: Callable[[Portal], bool | None]


def _recorders(portal: Portal) -> RecorderSettings:
    return portal.store.settings(RecorderSettings)


KNOWN = (
    Known(
        "onvif", mark("ONVIF"), mark("Video, plates and outputs for recorders."), "onvif", lambda portal: _recorders(portal).onvif
    ),
    Known(
        "rtsp",
        mark("Video (RTSP)"),
        mark("The streams that recorders show and keep."),
        "onvif",
        lambda portal: _recorders(portal).rtsp,
    ),
    Known(
        "nvr",
        mark("Plates by TCP"),
        mark("Each passage with its pictures, to recorders that connect."),
        "nvr",
        lambda portal: _recorders(portal).nvr,
    ),
    Known(
        "trigger",
        mark("Trigger socket"),
        mark("A loop or a terminal starts a reading."),
        "",
        lambda portal: portal.general().trigger_port > 0,
    ),
    Known(
        FTP,
        mark("FTP server"),
        mark("Lists for other cameras; it is switched on in the camera's menu."),
        FTP,
        lambda portal: None,
    ),
    Known(
        HTTPS,
        mark("HTTPS"),
        mark("These pages and the API, encrypted; it is switched on in the camera's menu."),
        "",
        lambda portal: None,
    ),
)
SOCKET_SERVER = mark("Whoever connects gets the events of the action SOCKET SERVER.")


def shown(portal: Portal, call: Call) -> shapes.Integration:
    """All that the page shows."""
    host, announced = host_of(call), read_servers(portal.state)
    places = _places(host, call, announced)
    return shapes.Integration(
        host=host,
        local_only=bind_address() in LOOPBACK,
        servers=_servers(portal, host, announced),
        products=[_product(each, places) for each in PRODUCTS],
        firewall=[*_incoming(portal, announced), *_outgoing(portal)],
        actions=_actions(portal),
    )


def host_of(call: Call) -> str:
    """The camera's name or address as the browser has it."""
    found = HOST.fullmatch(call.header("Host"))
    return found[1] if found else "camera"


# --- servers and clients ----------------------------------------------------------------------------------------------


def _servers(portal: Portal, host: str, announced: Mapping[str, str]) -> list[shapes.Listening]:
    told = {each.server: each for each in read_clients(portal.state)}
    if FTP in announced:
        told[FTP] = ServerClients(FTP, _ftp_clients(portal), ())
    known = {each.name: each for each in KNOWN}
    others = sorted({*announced, *told} - known.keys())
    zone = portal.zone()
    return [
        *(_listening(portal, each, host, announced.get(each.name, ""), told.get(each.name), zone) for each in KNOWN),
        *(
            _listening(
                portal,
                Known(name, name.capitalize(), SOCKET_SERVER, "", _always),
                host,
                announced.get(name, ""),
                told.get(name),
                zone,
            )
            for name in others
        ),
    ]


def _ftp_clients(portal: Portal) -> int:
    try:
        return int(from_json(portal.state.ftp_status.read_bytes())["clients"])
    except (OSError, ValueError, LookupError, TypeError):
        return 0


def _always(portal: Portal) -> bool:
    return True


def _listening(portal: Portal, known: Known, host: str, url: str, told: ServerClients | None, zone: ZoneInfo) -> shapes.Listening:
    wanted = known.wanted(portal)
    return shapes.Listening(
        name=known.name,
        title=Text(known.title),
        about=Text(known.about),
        use=known.use,
        state=ON if url else SILENT if wanted else OFF,
        address=_address(url, host),
        count=None if known.name == HTTPS else told.count if told else 0,
        clients=[_client(portal, each, zone) for each in told.clients] if told else [],
    )


def _client(portal: Portal, each: ClientState, zone: ZoneInfo) -> shapes.Client:
    return shapes.Client(
        address=each.address,
        user=each.user,
        since_local=portal.local(each.since, zone),
        sent=each.sent,
        sent_local=portal.local(each.sent_at, zone),
        answered=each.answered,
        answered_local=portal.local(each.answered_at, zone),
        count=each.count,
        missed=each.missed,
        ended_local=portal.local(each.ended, zone),
        why=each.why,
    )


def _address(url: str, host: str) -> str:
    """The server's URL as somebody else in the network types it."""
    if not url:
        return ""
    parts = urlsplit(url)
    return f"{parts.scheme}://{host}:{parts.port}{parts.path}" if parts.port else f"{parts.scheme}://{host}{parts.path}"


# --- what to type into recorders --------------------------------------------------------------------------------------


def _places(host: str, call: Call, announced: Mapping[str, str]) -> dict[str, str]:
    """What the texts of products are filled in with; what is switched off is missing."""
    web = call.header("Host") if HOST.fullmatch(call.header("Host")) else host
    _, _, web_port = web.rpartition(":")
    places = {"host": host, "web_port": web_port if web_port.isdecimal() else "80", "web": web}
    if "onvif" in announced:
        places["onvif"] = f"http://{web}/onvif/device_service"
    if "rtsp" in announced:
        port = urlsplit(announced["rtsp"]).port
        places |= {"rtsp": f"rtsp://{host}:{port}/main", "rtsp_sub": f"rtsp://{host}:{port}/sub", "rtsp_port": str(port)}
        places |= {"rtsp_place": f"{host}:{port}"}
    if "nvr" in announced:
        places["nvr_port"] = str(urlsplit(announced["nvr"]).port)
    return places


def _product(product: Product, places: Mapping[str, str]) -> shapes.Product:
    return shapes.Product(
        name=product.name,
        steps=[Text(step) for step in product.steps],
        copies=[
            shapes.Copied(label=Text(each.label), use=each.use, text=_filled(each.template, places), lines="\n" in each.template)
            for each in product.copies
        ],
    )


def _filled(template: str, places: Mapping[str, str]) -> str:
    """ "" when something that it needs is switched off."""
    try:
        return re.sub(r"<<(\w+)>>", lambda found: places[found[1]], template)
    except KeyError:
        return ""


# --- firewall ---------------------------------------------------------------------------------------------------------


def _incoming(portal: Portal, announced: Mapping[str, str]) -> list[shapes.Passing]:
    from engine.video.wires import UDP_PORTS

    titles = {each.name: Text(each.title) for each in KNOWN}
    web = os.environ.get("GATEWRIGHT_PORT", "")
    found = [_passing("in", "TCP", web or "80", Text("Web pages, API, CGIs, ONVIF and snapshots"), Text("browsers and recorders"))]
    recorders = _recorders(portal)
    if recorders.onvif and recorders.discovery:
        about = Text("Discovery (multicast 239.255.255.250)")
        found.append(_passing("in", "UDP", "3702", about, Text("recorders of this network")))
    for name, url in sorted(announced.items()):
        port = urlsplit(url).port
        if port and str(port) != web:
            found.append(_passing("in", "TCP", str(port), titles.get(name, Text(name)), Text("recorders and other programs")))
    if "rtsp" in announced:
        about = Text("Video to viewers that ask for UDP, and their reports; over TCP none of these is needed")
        found.append(_passing("both", "UDP", f"{UDP_PORTS[0]}-{UDP_PORTS[-1] + 1}", about, Text("recorders")))
    return found


def _outgoing(portal: Portal) -> list[shapes.Passing]:
    """To the peers of actions that are switched on."""
    peers: dict[tuple[str, str], set[str]] = {}
    for rule in portal.store.rules():
        peer, protocol = _peer(portal, rule) if rule.enabled else ("", "")
        if PEER.fullmatch(peer):
            peers.setdefault((peer, protocol), set()).add(rule.name)
    return [
        _passing(
            "out", protocol, peer.rpartition(":")[2], Text("Actions: {names}", {"names": sorted(names)}), peer.rpartition(":")[0]
        )
        for (peer, protocol), names in sorted(peers.items())
    ]


def _passing(direction: str, protocol: str, port: str, about: Text, peer: Text | str) -> shapes.Passing:
    return shapes.Passing(direction=direction, protocol=protocol, port=port, about=about, peer=peer)


def _peer(portal: Portal, rule: ActionRule) -> tuple[str, str]:
    """Whom the action talks to, and over what."""
    try:
        kind, options = options_of(portal.kinds, rule.kind, rule.options)
    except ConfigError:
        return "", ""
    return str(kind.peer(options)), "UDP" if getattr(options, "protocol", "") == "udp" else "TCP"


# --- actions that can be tried ----------------------------------------------------------------------------------------


def _actions(portal: Portal) -> list[shapes.Tried]:
    names = {each.id: each.name for each in portal.store.lists()}
    return [
        shapes.Tried(id=rule.id, name=rule.name, label=Text(portal.kinds[rule.kind].label), list=names.get(rule.list_id, ""))
        for rule in portal.store.rules()
        if rule.enabled and is_message(portal, rule)
    ]


def is_message(portal: Portal, rule: ActionRule) -> bool:
    """Whether it tells somebody something, and can open nothing itself."""
    return rule.kind in portal.kinds and not opens(portal.kinds[rule.kind])
