"""2N action: tells a 2N intercom or access unit the plate, which opens by its own directory (2N HTTP API, api/lpr/licenseplate)."""

from __future__ import annotations

import base64
import hashlib
import json
import uuid
from typing import Any

from board.kit.errors import ConfigError, PeerRefused
from board.kit.from_json import from_json
from board.kit.settings import Settings, option
from board.kit.words import Text, mark, one_line
from engine.actions._exchange import Host, place
from engine.actions._http import Login, Request, ask
from engine.actions._kind import ActionEnv, ActionKind, Lane
from engine.actions._tls import Certificates, ca_option, client_context
from engine.lists import normalise
from engine.types import PlateEvent

LONGEST_PLATE = 12

MOST_IMAGE = 256 * 1024
"""Bytes of base64 that the device takes; a larger picture is left out."""

DIRECTIONS = {"approach": 2, "away": 3}
"""lprDir: in, out; 0 is not known."""


class TwoNOptions(Settings):
    host: Host = option("192.168.1.10", "Host", "The 2N device's name or address.", max_length=253)
    port: int = option(443, "Port", "By custom 443 with TLS, 80 without.", ge=1, le=65535)
    tls: bool = option(True, "TLS", "Encrypts the connection and checks who the device is.")
    ca: Certificates = ca_option({"tls": (True,)})
    authentication: str = option(
        "digest",
        "Authentication",
        "As set in the device for the service API Access Control (Services, HTTP API).",
        choices={"none": "none", "basic": "Basic", "digest": "Digest"},
    )
    user: str = option(
        "",
        "User",
        "An HTTP API account with the privilege Access Control.",
        max_length=100,
        when={"authentication": ("basic", "digest")},
    )
    password: str = option(
        "",
        "Password",
        "That of the HTTP API account.",
        widget="password",
        belongs_to=("host", "port", "tls", "ca", "authentication"),
        max_length=200,
        when={"authentication": ("basic", "digest")},
    )
    access_point: str = option("entry", "Access point", "Which of the device's access rules hold.", choices=("entry", "exit"))
    image: bool = option(True, "Send the plate image", "Adds the plate's picture, which the device shows in its log.")
    timeout_s: float = option(3.0, "Timeout", "Longest wait, from look-up to the end of the answer.", unit="s", ge=1, le=10)
    even_if_blacklisted: bool = option(
        False,
        "Even if blacklisted",
        "Acts also for a plate of a list that refuses or only reports: for a siren or a lamp, not for a barrier.",
    )


def _deliver(event: PlateEvent, options: TwoNOptions, env: ActionEnv) -> Text:
    jpeg = env.images.read(event.passage.images.plate) if options.image else b""
    body = json.dumps(document(event, options, env.delivery_id, jpeg), ensure_ascii=False).encode()
    url = f"{'https' if options.tls else 'http'}://{place(options.host, options.port)}/api/lpr/licenseplate"
    headers = {"Content-Type": "application/json", "User-Agent": "Gatewright", "Connection": "close"}
    login = Login(options.authentication, options.user, options.password)
    answer = ask(Request("POST", url, body, headers), login, env.network, options.timeout_s, client_context(options.ca), 4096)
    target = place(options.host, options.port)
    _check(answer.body, target)
    return Text("{target} took {plate}", {"target": target, "plate": event.passage.plate})


def document(event: PlateEvent, options: TwoNOptions, delivery_id: str, jpeg: bytes) -> dict[str, Any]:
    """What is posted; `jpeg`: b"" for no picture. ConfigError when there is no plate that the device could take."""
    passage = event.passage
    plate = normalise(passage.plate)
    if not 1 <= len(plate) <= LONGEST_PLATE:
        raise ConfigError("2N devices take plates of 1 to {most} characters; nothing was sent", most=LONGEST_PLATE)
    said = {
        "lprUuid": str(uuid.uuid5(uuid.NAMESPACE_URL, f"gatewright:{delivery_id}")),
        "lprID": int.from_bytes(hashlib.sha256(passage.id.encode()).digest()[:4], "big") & 0x7FFFFFFF,
        "accessPoint": 0 if options.access_point == "entry" else 1,
        "plateText": plate,
        "lprDir": DIRECTIONS.get(passage.direction, 0),
    }
    image = base64.b64encode(jpeg).decode()
    return {**said, "plateImage": image} if 0 < len(image) <= MOST_IMAGE else said


def _check(body: bytes, target: str) -> None:
    """Errors come with status 200 as well: {"success": false, "error": {"code": 12, "description": "..."}}."""
    try:
        said = from_json(body)
    except ValueError:
        said = None
    if not isinstance(said, dict) or "success" not in said:
        raise PeerRefused("{target} does not answer as a 2N device does", target=target)
    if said["success"] is not True:
        error = said.get("error")
        reason = str(error.get("description") or error.get("code")) if isinstance(error, dict) else "?"
        raise PeerRefused("{target} refuses the plate: {reason}", target=target, reason=one_line(reason, 120))


ACTION = ActionKind(
    name="two_n",
    label="2N",
    purpose=mark("Tell a 2N intercom"),
    about=mark("It opens as if a card had been shown."),
    icon="card",
    options=TwoNOptions,
    deliver=_deliver,
    lane=Lane.FAST,
    max_age_s=10.0,
    needs_plate=True,
    peer=lambda options: place(options.host, options.port),
    withheld=lambda options: not options.even_if_blacklisted,
)
