"""HTTP action: posts the event as Milesight's JSON, or asks for an address with the plate in it.

Sources: manual 4.4, List tab; docs/sources.md, Milesight's event.
"""

from __future__ import annotations

import json

from pydantic import field_validator

from board.kit.settings import Settings, option
from board.kit.words import Text
from engine.actions._http import Login, Request, answered, ask, check_url, server
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._tls import client_context
from engine.formats.messages import picture
from engine.formats.milesight import document, get_address
from engine.types import PlateEvent


class HttpOptions(Settings):
    url: str = option("http://192.168.1.10/", "URL", "Where to send, http:// or https://.", widget="url", max_length=500)
    method: str = option(
        "POST",
        "Method",
        "POST sends a JSON document. GET appends Caption and description (the plate) to the URL.",
        choices=("POST", "GET"),
    )
    plate_image: bool = option(True, "Send the plate image", "POST only: adds the plate's picture, base64.")
    full_image: bool = option(False, "Send the image", "POST only: adds the whole picture, base64.")
    caption: str = option("LPR", "Caption", "GET only: value of Caption.", max_length=60)
    authentication: str = option(
        "none", "Authentication", "How the server wants the user and password.", choices=("none", "basic", "digest")
    )
    user: str = option("", "User", "For basic and digest authentication.", max_length=100)
    password: str = option(
        "",
        "Password",
        "For basic and digest authentication.",
        widget="password",
        belongs_to=("url", "authentication", "verify_tls"),
        max_length=200,
    )
    timeout_s: float = option(
        10.0, "Timeout", "Longest wait, from the look-up of the server's name to the end of its answer.", unit="s", ge=1, le=60
    )
    verify_tls: bool = option(
        True, "Check the certificate", "https: refuses a server whose certificate is not valid. Switch off only for a test."
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return check_url(url)


def _deliver(event: PlateEvent, options: HttpOptions, env: ActionEnv) -> Text:
    request = _request(event, options, env)
    login = Login(options.authentication, options.user, options.password)
    tls = client_context(verify=options.verify_tls)
    return answered(request, ask(request, login, env.network, options.timeout_s, tls))


def _request(event: PlateEvent, options: HttpOptions, env: ActionEnv) -> Request:
    headers = {"X-Request-Id": env.delivery_id, "User-Agent": "Gatewright", "Connection": "close"}
    if options.method == "GET":
        return Request("GET", get_address(options.url, options.caption, event.passage.plate), b"", headers)
    images = event.passage.images
    body = document(
        event,
        env.device,
        picture(env.images, images.plate) if options.plate_image else b"",
        picture(env.images, images.full) if options.full_image else b"",
    )
    return Request("POST", options.url, json.dumps(body).encode(), {**headers, "Content-Type": "application/json"})


ACTION = ActionKind(name="http", label="HTTP", options=HttpOptions, deliver=_deliver, peer=lambda options: server(options.url))
