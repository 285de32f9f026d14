"""HTTP action: posts the event as Milesight's JSON, or asks for an address with the plate in it (manual 4.4; protocols.md 2.5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pydantic import field_validator

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import Settings, option
from board.kit.words import Text
from engine.actions._kind import ActionEnv, ActionKind
from engine.formats.milesight import document, get_address
from engine.types import PlateEvent

if TYPE_CHECKING:
    import requests


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
    password: str = option("", "Password", "For basic and digest authentication.", widget="password", max_length=200)
    timeout_s: float = option(10.0, "Timeout", "Longest wait for the connection and for the answer.", unit="s", ge=1, le=60)
    verify_tls: bool = option(
        True, "Check the certificate", "https: refuses a server whose certificate is not valid. Switch off only for a test."
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, url: str) -> str:
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as why:
            raise ConfigError("is not an address: {why}", why=why) from why
        if parts.scheme not in ("http", "https") or not host or not url.isprintable() or " " in url:
            raise ConfigError("must be an address such as http://192.168.1.10:8080/api/lpr")
        if parts.username is not None:
            raise ConfigError("user and password have fields of their own")
        return url


def _deliver(event: PlateEvent, options: HttpOptions, env: ActionEnv) -> Text:
    import requests

    target = public_address(options.url)
    with requests.Session() as session:
        session.trust_env = False  # no proxy and no .netrc of the machine may see the event
        session.auth = _authentication(options)
        request = _request(event, options, env)
        request.headers["X-Request-Id"] = env.delivery_id
        try:
            # A redirect could carry the plate and the password to another host: it is reported, never followed.
            answer = session.send(
                session.prepare_request(request),
                timeout=options.timeout_s,
                verify=options.verify_tls,
                allow_redirects=False,
                stream=True,
            )
        except requests.RequestException as why:
            raise DeliveryError(
                "{target}: {reason}", target=target, reason=_reason(why, options.timeout_s)
            ) from None  # its text may hold the query
        except (OSError, ValueError) as why:  # an address that only the resolver refuses
            raise DeliveryError("{target}: {name__}", target=target, name__=type(why).__name__) from None
        answer.close()
    if answer.is_redirect:
        raise DeliveryError(
            "{target} answers {status_code}, look at {redirect}: enter that address",
            target=target,
            status_code=answer.status_code,
            redirect=_redirect(answer),
        )
    if not 200 <= answer.status_code < 300:
        raise DeliveryError(
            "{target} answers {status_code} {reason}", target=target, status_code=answer.status_code, reason=answer.reason[:60]
        )
    values = {"method": options.method, "target": target, "status_code": answer.status_code}
    return Text("{method} {target} answers {status_code}", values)


def _request(event: PlateEvent, options: HttpOptions, env: ActionEnv) -> requests.Request:
    import requests

    if options.method == "GET":
        return requests.Request("GET", get_address(options.url, options.caption, event.passage.plate))
    images = event.passage.images
    body = document(
        event,
        env.device_name,
        env.time_zone,
        _image(env, images.plate) if options.plate_image else b"",
        _image(env, images.full) if options.full_image else b"",
    )
    headers = {"Content-Type": "application/json"}
    return requests.Request("POST", options.url, data=json.dumps(body).encode(), headers=headers)


def _authentication(options: HttpOptions) -> requests.auth.AuthBase | None:
    from requests.auth import HTTPBasicAuth, HTTPDigestAuth

    if options.authentication == "basic":
        return HTTPBasicAuth(options.user.encode(), options.password.encode())  # as UTF-8; texts would go as Latin-1
    if options.authentication == "digest":
        return HTTPDigestAuth(options.user, options.password)
    return None


def _image(env: ActionEnv, name: str) -> bytes:
    """The JPEG; b"" when it was not stored or was purged: the event is worth more than its picture."""
    if not name:
        return b""
    try:
        return (env.images / name).read_bytes()
    except OSError:
        return b""


def server(url: str) -> str:
    """ "nvr.example:8080": whom the URL names, its port said even where it goes without saying."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{parts.port or (443 if parts.scheme == 'https' else 80)}"


def public_address(url: str) -> str:
    """The URL as it may stand in a log: without query, which often holds a key."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"


def _redirect(answer: requests.Response) -> str:
    from urllib.parse import urljoin

    try:
        return public_address(urljoin(answer.url, answer.headers.get("Location", "")))[:200]
    except ValueError:
        return "an address that is none"


def _reason(why: requests.RequestException, timeout_s: float) -> str:
    import requests

    for kind, text in (
        (requests.exceptions.SSLError, "its certificate is not accepted (or it does not speak https)"),
        (requests.exceptions.ConnectTimeout, f"no connection in {timeout_s:g} s"),
        (requests.exceptions.Timeout, f"no answer in {timeout_s:g} s"),
        (requests.exceptions.ConnectionError, "no connection"),
    ):
        if isinstance(why, kind):
            return f"{text}{_system_reason(why)}"
    return type(why).__name__


def _system_reason(why: BaseException) -> str:
    """ " (Connection refused)" from the operating system's error somewhere below `why`."""
    seen: BaseException | None = why
    for _ in range(8):
        if seen is None:
            break
        if isinstance(seen, OSError) and seen.strerror:
            return f" ({seen.strerror})"
        inner = [arg for arg in (*seen.args, getattr(seen, "reason", None)) if isinstance(arg, BaseException)]
        seen = inner[0] if inner else seen.__cause__ or seen.__context__
    return ""


ACTION = ActionKind(name="http", label="HTTP", options=HttpOptions, deliver=_deliver, peer=lambda options: server(options.url))
