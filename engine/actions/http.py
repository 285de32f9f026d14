"""HTTP action: posts the event, as Milesight's JSON or in a format of ours, or asks for an address with the plate in it.

Sources: manual 4.4, List tab; docs/sources.md, Milesight's event.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from urllib.parse import quote, urlsplit

from board.kit.errors import ConfigError
from board.kit.settings import Settings, field_validator, model_validator, option
from board.kit.words import Text, mark
from engine.actions._http import LOGINS, Login, Request, answered, check_url, server, tell, timeout_option
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._tls import Certificates, ca_option, client_context
from engine.formats.event import clean
from engine.formats.messages import DOCUMENTS
from engine.formats.milesight import document, get_address
from engine.formats.places import check_template, filled, one_line
from engine.formats.xml_text import IN_ATTRIBUTE
from engine.types import PlateEvent

TO_WHOM = ("url", "authentication", "verify_tls", "ca")

SAFE_IN: Mapping[str, Callable[[str], str]] = {
    "application/json": lambda text: json.dumps(clean(text), ensure_ascii=False)[1:-1],
    "application/xml": lambda text: clean(text).translate(IN_ATTRIBUTE).replace("'", "&apos;"),  # the text may quote by either
    "application/x-www-form-urlencoded": lambda text: quote(clean(text), safe=""),
    "text/plain": one_line,
}
"""Type of a body that an installer writes -> how a value is made harmless in it."""

RESERVED = ("host", "authorization", "content-length", "content-type", "connection", "transfer-encoding", "x-request-id")


class HttpOptions(Settings):
    url: str = option(
        "http://192.168.1.10/",
        "URL",
        "Where to send, http:// or https://. With the format TEMPLATE {plate} and others are filled in after the host.",
        widget="secret_url",
        max_length=500,
    )
    method: str = option(
        "POST",
        "Method",
        "POST sends a document. GET appends Caption and description (the plate) to the URL, or fills in the URL's places.",
        choices=("POST", "GET"),
    )
    format: str = option(
        "MILESIGHT",
        "Format",
        "MILESIGHT: its JSON, or its GET address; XML, JSON: the whole event (docs/messages.md); TEMPLATE: the URL and text below.",
        choices={"MILESIGHT": "MILESIGHT", **DOCUMENTS, "TEMPLATE": "Text of your own (TEMPLATE)"},
    )
    plate_image: bool = option(
        True,
        "Send the plate image",
        "POST of MILESIGHT only: adds the plate's picture, base64.",
        when={"format": ("MILESIGHT",), "method": ("POST",)},
    )
    full_image: bool = option(
        False,
        "Send the image",
        "POST of MILESIGHT only: adds the whole picture, base64.",
        when={"format": ("MILESIGHT",), "method": ("POST",)},
    )
    caption: str = option(
        "LPR",
        "Caption",
        "GET of MILESIGHT only: value of Caption.",
        max_length=60,
        when={"format": ("MILESIGHT",), "method": ("GET",)},
    )
    body: str = option(
        '{"plate": "{plate}", "list": "{list}", "time": "{stamp}", "event": "{event}"}',
        "Text",
        "POST of TEMPLATE only; {plate}, {list}, {description}, {stamp}, {device}, {event} and others are filled in.",
        widget="textarea",
        max_length=4000,
        when={"format": ("TEMPLATE",), "method": ("POST",)},
    )
    content_type: str = option(
        "application/json",
        "Type of the text",
        "TEMPLATE only: how values are escaped in the text.",
        choices=tuple(SAFE_IN),
        when={"format": ("TEMPLATE",), "method": ("POST",)},
    )
    authentication: str = option("none", "Authentication", "How the server wants the user and password.", choices=LOGINS)
    user: str = option(
        "", "User", "For basic and digest authentication.", max_length=100, when={"authentication": ("basic", "digest")}
    )
    password: str = option(
        "",
        "Password",
        "For basic and digest authentication; the token for bearer.",
        widget="password",
        belongs_to=TO_WHOM,
        max_length=2000,
        when={"authentication": ("basic", "digest", "bearer")},
        needed={"authentication": ("bearer",)},
    )
    hmac_secret: str = option(
        "",
        "Secret for signing",
        "Adds sha256= and the HMAC-SHA256 of the body, of a GET of path and query, in hexadecimal. Empty: unsigned.",
        widget="password",
        belongs_to=TO_WHOM,
        max_length=200,
    )
    hmac_header: str = option("X-Signature-256", "Header of the signature", "The header that holds it.", max_length=60)
    timeout_s: float = timeout_option()
    ca: Certificates = ca_option({"url": ("https://",), "verify_tls": (True,)})
    verify_tls: bool = option(
        True,
        "Check the certificate",
        "https: refuses a server whose certificate is not valid. Switch off only for a test.",
        when={"url": ("https://",)},
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        return check_url(url)

    @field_validator("body")
    @classmethod
    def _is_template(cls, text: str) -> str:
        return check_template(text.replace("\r\n", "\n"))

    @field_validator("hmac_header")
    @classmethod
    def _is_header(cls, name: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9-]+", name) or name.lower() in RESERVED:
            raise ConfigError("must be the name of a header of its own, such as X-Signature-256")
        return name

    @model_validator(mode="after")
    def _fits(self) -> HttpOptions:
        if self.method == "GET" and self.format in DOCUMENTS:
            raise ConfigError("a GET carries no document: choose POST", field="format")
        if self.authentication == "bearer" and not re.fullmatch(r"[!-~]*", self.password):
            raise ConfigError("a token is one word of ASCII characters", field="password")
        if self.format == "TEMPLATE":
            if "{" in urlsplit(self.url).netloc:
                raise ConfigError("the host has no places: they come after it", field="url")
            try:
                check_template(self.url)
            except ConfigError as why:
                raise ConfigError(why.text, field="url") from why
        return self


def _deliver(event: PlateEvent, options: HttpOptions, env: ActionEnv) -> Text:
    request = _signed(_request(event, options, env), options)
    login = Login(options.authentication, options.user, options.password)
    tls = client_context(options.ca, options.verify_tls)
    return answered(request, tell(options.url, request, login, env, options.timeout_s, tls))


def _request(event: PlateEvent, options: HttpOptions, env: ActionEnv) -> Request:
    headers = {"X-Request-Id": env.delivery_id, "User-Agent": "Gatewright", "Connection": "close"}
    url, body, content_type = options.url, b"", ""
    if options.format == "TEMPLATE":
        url = filled(url.partition("#")[0], event, env.device, lambda text: quote(clean(text), safe=""))
        if options.method == "POST":
            body = filled(options.body, event, env.device, SAFE_IN[options.content_type]).encode()
            content_type = options.content_type
    elif options.method == "GET":
        url = get_address(url, options.caption, event.passage.plate)
    elif options.format in DOCUMENTS:
        message = env.message(event, options.format)
        body, content_type = message.body, message.content_type
    else:
        body, content_type = json.dumps(_milesight(event, options, env)).encode(), "application/json"
    return Request(options.method, url, body, {**headers, "Content-Type": content_type} if content_type else headers)


def _milesight(event: PlateEvent, options: HttpOptions, env: ActionEnv) -> Mapping[str, object]:
    images = event.passage.images
    return document(
        event,
        env.device,
        env.images.read(images.plate) if options.plate_image else b"",
        env.images.read(images.full) if options.full_image else b"",
    )


def _signed(request: Request, options: HttpOptions) -> Request:
    if not options.hmac_secret:
        return request
    said = request.body if request.method == "POST" else request.target.encode()
    signature = hmac.new(options.hmac_secret.encode(), said, hashlib.sha256).hexdigest()
    return replace(request, headers={**(request.headers or {}), options.hmac_header: f"sha256={signature}"})


ACTION = ActionKind(
    name="http",
    label="HTTP",
    purpose=mark("Call a web address"),
    about=mark("Tells any server or cloud by HTTP, with pictures if wanted."),
    options=HttpOptions,
    deliver=_deliver,
    peer=lambda options: server(options.url),
)
