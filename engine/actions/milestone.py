"""MILESTONE action: sends an analytics event to XProtect's Event Server, and reads what it makes of it.

The event is XML, over HTTP POST or over TCP as it is (docs/sources.md, Standards: Milestone MIP SDK). The answer's body may say
that nobody has defined the event although its status is 200.

Source: manual 4.4, List tab.
"""

from __future__ import annotations

import socket

from board.kit.errors import PeerRefused
from board.kit.settings import Settings, option
from board.kit.words import Text, mark, one_line
from engine.actions._exchange import Exchange, Host, exchange, place
from engine.actions._http import Login, Request, tell, timeout_option
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._tls import client_context
from engine.formats.milestone import analytics_event
from engine.types import PlateEvent

UNKNOWN_EVENT = "Event message not known"

MOST_ANSWER = 4096

QUIET_S = 2.0
"""A server that says nothing for this long over TCP has taken the event: the protocol asks for no answer there."""


class MilestoneOptions(Settings):
    host: Host = option("192.168.1.10", "Host", "The Event Server's name or address.", max_length=253)
    port: int = option(9090, "Port", "Set in the Management Client: Tools, Options, Analytics Events.", ge=1, le=65535)
    protocol: str = option(
        "http",
        "Protocol",
        "http: the server says whether it took the event. tcp: the bare XML.",
        choices={"http": "HTTP", "tcp": "TCP"},
    )
    message: str = option(
        "LPR Camera Event",
        "Event name",
        "That of the analytics event in the Management Client (Rules and Events, Analytics Events), letter by letter.",
        min_length=1,
        max_length=120,
    )
    source: str = option(
        "",
        "Source",
        "The camera's address in XProtect, as the alarm definition's source; of a device with several channels with a comma and "
        "the channel (192.168.1.20,0). Empty: the device name.",
        max_length=120,
    )
    image: bool = option(False, "Send the image", "Adds the whole picture; XProtect has its own when the camera is its source.")
    timeout_s: float = timeout_option()


def _deliver(event: PlateEvent, options: MilestoneOptions, env: ActionEnv) -> Text:
    jpeg = env.images.read(event.passage.images.full) if options.image else b""
    source = options.source or env.device.name
    body = analytics_event(event, env.device, env.delivery_id, options.message, source, jpeg).encode()
    target = place(options.host, options.port)
    answer = _over_http(body, options, env) if options.protocol == "http" else _over_tcp(body, options, env)
    if UNKNOWN_EVENT in answer:
        raise PeerRefused(
            "{target} has no analytics event named {message}: add it in the Management Client",
            target=target,
            message=options.message,
        )
    values = {"target": target, "message": options.message}
    if answer:
        return Text("{target} took {message}", values)
    return Text("{target} got {message} and said nothing", values)


def _over_http(body: bytes, options: MilestoneOptions, env: ActionEnv) -> str:
    headers = {"Content-Type": "text/xml; charset=utf-8", "User-Agent": "Gatewright", "Connection": "close"}
    request = Request("POST", f"http://{place(options.host, options.port)}/", body, headers)
    answer = tell(request.url, request, Login(), env, options.timeout_s, client_context(), MOST_ANSWER)
    return f"{answer.status} {answer.body.decode('utf-8', 'replace')}"


def _over_tcp(body: bytes, options: MilestoneOptions, env: ActionEnv) -> str:
    target = place(options.host, options.port)
    with exchange(env.network, target, options.timeout_s) as it:
        with it.connect(options.host, options.port) as sock:
            sock.sendall(body)
            answer = _heard(it, sock)
        it.check()
    first, _, rest = answer.partition("\r\n")
    said = first.split(" ", 2)
    if said[0].startswith("HTTP/"):
        if len(said) < 2 or not said[1].startswith("2"):
            status_code, reason = one_line(first[9:12]), one_line(" ".join(rest[-200:].split()))
            raise PeerRefused("{target} answers {status_code} {reason}", target=target, status_code=status_code, reason=reason)
    elif "error" in answer.lower():
        raise PeerRefused("{target} answers: {answer}", target=target, answer=one_line(" ".join(answer.split()), 200))
    return answer


def _heard(it: Exchange, sock: socket.socket) -> str:
    """What comes until it falls silent or ends the connection."""
    answer = b""
    sock.settimeout(min(QUIET_S, it.timeout_s / 2))
    while len(answer) < MOST_ANSWER and UNKNOWN_EVENT.encode() not in answer:
        try:
            chunk = sock.recv(MOST_ANSWER)
        except TimeoutError:
            break
        if not chunk:
            break
        answer += chunk
    return answer.decode("utf-8", "replace")


ACTION = ActionKind(
    name="milestone",
    label="MILESTONE",
    purpose=mark("Tell Milestone XProtect"),
    about=mark("As an analytics event with its picture."),
    icon="video",
    options=MilestoneOptions,
    deliver=_deliver,
    peer=lambda options: place(options.host, options.port),
)
