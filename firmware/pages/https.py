"""HTTPS: encryption of the camera's pages: port, who is led there, and the certificate, with the API behind the page."""

from __future__ import annotations

import base64
import ipaddress
import re
from dataclasses import asdict
from typing import Any

from board.kit.errors import ConfigError
from board.kit.web.forms import fields, filled
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, Partial, Refused, api, data, download, page, said
from board.kit.words import Text, mark
from firmware.certificates.facts import Names
from firmware.host import Host
from firmware.https.forms import CertificateSent, Https, HttpsCertificate, HttpsRequest, HttpsStored, RequestSent
from firmware.https.settings import HttpsSettings
from firmware.menu import NETWORK
from firmware.server_settings import changed, shown, store

NAME = "setup/network/https.html"
_HOST_NAME = re.compile(r"(\*\.)?([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
PEM = "application/x-pem-file"


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(
    host: Host,
    call: Call,
    status: int = 200,
    error: object = "",
    values: dict[str, Any] | None = None,
    problems: dict[str, Text] | None = None,
) -> Answer:
    """`values`, `problems`: what was sent and is not right."""
    https, name = host.https, came_by(call)[0]
    facts = https.certificates.facts()
    return host.page(
        call,
        "https",
        Text("HTTPS"),
        status=status,
        here=f"/{NAME}",
        scripts=("https",),
        error=error,
        problems=problems or {},
        shown=shown(https),
        fields=fields(HttpsSettings, {**https.settings.model_dump(), **(values or {})}, {}),
        enabled=https.settings.enabled,
        https=https.status(),
        address=https.address(name),
        certificate=facts,
        covered=facts.covers(name),
        name=name,
        own=https.certificates.is_own,
        damaged=https.certificates.damaged,
        own_names=https.own_names(),
        waiting=bool(https.certificates.waiting_request()),
        http_port=https.http_port,
    )


def came_by(call: Call[Any, Any]) -> tuple[str, int]:
    """The name and the port by which a browser reached the camera; 0: it named none."""
    name, colon, port = call.header("Host").rpartition(":")
    return (name, int(port)) if colon and port.isdecimal() and len(port) < 6 else (call.header("Host"), 0)


def _change(host: Host, call: Call) -> Answer:
    name, port = came_by(call)
    before = host.https.address(name)
    is_there = host.auth.front.is_secure(call.environ) and before == f"https://{name}{f':{port}' if port else ''}/"
    try:
        return changed(host, call, host.https, mark("HTTPS changed"), NAME, _page)
    except Elsewhere:
        now = host.https.address(name) or f"http://{name}{'' if host.https.http_port == 80 else f':{host.https.http_port}'}/"
        if not is_there or now == before:
            raise
        return moved(host, call, Text("HTTPS"), f"{now}{NAME}")


def moved(host: Host, call: Call, title: Text, there: str) -> Answer:
    """Leads whoever came by an address that is the camera's no longer to his page at the new one. It has no script, which he could
    not load any more."""
    return host.page(call, "moved", title, here=f"/{NAME}", there=there)


def _make(host: Host, call: Call) -> Answer:
    return _acted(host, call, lambda: _make_own(host, call))


def _remove(host: Host, call: Call) -> Answer:
    return _acted(host, call, lambda: _remove_installed(host, call))


def _ask(host: Host, call: Call) -> Answer:
    sent = {name: call.body.get(name, "") for name in RequestSent.model_fields}
    return _acted(host, call, lambda: _make_request(host, call, filled(RequestSent, sent, {}, {})))


def _drop(host: Host, call: Call) -> Answer:
    return _acted(host, call, host.https.certificates.drop_request)


def _acted(host: Host, call: Call, act: Any) -> Answer:
    try:
        act()
    except ConfigError as why:
        return _page(host, call, 400, Text("not done: {reason}", {"reason": why}))
    raise Elsewhere(f"/{NAME}")


def _make_own(host: Host, call: Call[Any, Any]) -> None:
    host.https.certificates.make_own(host.https.own_names())
    host.record(call, mark("certificate made anew"), host.https.certificates.facts().fingerprint[:47])


def _remove_installed(host: Host, call: Call[Any, Any]) -> None:
    gone = host.https.certificates.facts().subject
    host.https.certificates.ensure_own(host.https.own_names())  # what is in force then
    host.https.certificates.remove_installed()
    host.record(call, mark("certificate removed"), gone)


def _make_request(host: Host, call: Call[Any, Any], form: RequestSent) -> str:
    names, addresses = [], []
    for word in dict.fromkeys([*form.more.replace(",", " ").split(), form.name]):
        try:
            addresses.append(str(ipaddress.ip_address(word)))
        except ValueError:
            if not _HOST_NAME.fullmatch(word) or len(word) > 253:
                raise ConfigError("{word} is neither a name nor an address", word=word[:60], field="name") from None
            names.append(word)
    if form.name not in names:
        raise ConfigError("{word} is not a name: addresses belong to the further names", word=form.name, field="name")
    if form.country and not (len(form.country) == 2 and form.country.isascii() and form.country.isalpha()):
        raise ConfigError("has two letters", field="country")
    found = host.https.certificates.request(Names(tuple(names), tuple(addresses), form.organisation, form.country.upper()))
    host.record(call, mark("signing request made"), form.name)
    return found


def _certificate(host: Host, call: Call) -> Answer:
    return _file(host.https.certificates.public(), "camera.pem", Text("There is no certificate yet."))


def _request(host: Host, call: Call) -> Answer:
    return _file(host.https.certificates.waiting_request(), "camera.csr", Text("There is no signing request."))


def _file(text: str, name: str, none: Text) -> Answer:
    if not text:
        raise Refused(404, none)
    return Answer(text.encode(), PEM, headers=(("Content-Disposition", f'attachment; filename="{name}"'),))


# --- API --------------------------------------------------------------------------------------------------------------


def _get(host: Host, call: Call) -> Answer:
    https = host.https
    status = said(https.status(), call.language)
    assert isinstance(status, dict)
    certificates = https.certificates
    told = {"certificate": asdict(certificates.facts()), "own": certificates.is_own, "request": certificates.waiting_request()}
    return data({"settings": https.settings.model_dump(), **status, **told})


def _put(host: Host, call: Call[object, dict[str, Any]]) -> Answer:
    store(host, call, host.https, dict(call.body), mark("HTTPS changed"))
    return data({"settings": host.https.settings.model_dump()})


def _install(host: Host, call: Call[object, CertificateSent]) -> Answer:
    form = call.body
    facts = host.https.certificates.install(
        _bytes(form.certificate, "certificate"), _bytes(form.private_key, "private_key"), form.password
    )
    host.record(call, mark("certificate installed"), facts.subject)
    return data({"certificate": asdict(facts)})


def _bytes(text: str, field: str) -> bytes:
    if "-----BEGIN " in text:
        return text.encode()
    try:
        found = base64.b64decode("".join(text.split()), validate=True)
    except ValueError as why:
        raise ConfigError("is neither PEM nor base64", field=field) from why
    if not found and field == "certificate":
        raise ConfigError("is empty", field=field)
    return found


def _delete(host: Host, call: Call) -> Answer:
    _remove_installed(host, call)
    return data({"certificate": asdict(host.https.certificates.facts())})


def _post_own(host: Host, call: Call) -> Answer:
    _make_own(host, call)
    return data({"certificate": asdict(host.https.certificates.facts())})


def _post_request(host: Host, call: Call[object, RequestSent]) -> Answer:
    return data({"request": _make_request(host, call, call.body)}, 201)


def _delete_request(host: Host, call: Call) -> Answer:
    host.https.certificates.drop_request()
    return data({"request": ""})


TAB = Tab(
    NAME,
    "HTTPS",
    2,
    "configure",
    (
        page(NAME, "configure", _show),
        page("setup/network/https/change", "configure", _change, method="POST"),
        page("setup/network/https/make", "configure", _make, method="POST"),
        page("setup/network/https/remove", "configure", _remove, method="POST"),
        page("setup/network/https/request", "configure", _ask, method="POST"),
        page("setup/network/https/drop", "configure", _drop, method="POST"),
        download(
            "setup/network/https/camera.pem",
            "configure",
            _certificate,
            "The certificate in force with its chain, PEM, for whoever wants to trust it.",
            reply=PEM,
        ),
        download(
            "setup/network/https/camera.csr",
            "configure",
            _request,
            "The signing request whose certificate has not come yet, PEM.",
            reply=PEM,
        ),
        api("GET", "api/https", "configure", _get, "HTTPS: its settings, how it is, and its certificate.", reply=Https),
        api(
            "PUT",
            "api/https",
            "configure",
            _put,
            "Changes the settings of HTTPS; it listens elsewhere at once.",
            body=Partial(HttpsSettings),
            reply=HttpsStored,
        ),
        api(
            "PUT",
            "api/https/certificate",
            "configure",
            _install,
            "Puts a certificate in force once it is checked (key, time, chain, a handshake); no restart.",
            body=CertificateSent,
            reply=HttpsCertificate,
        ),
        api(
            "DELETE",
            "api/https/certificate",
            "configure",
            _delete,
            "Takes the installed certificate away: the camera's own is in force.",
            reply=HttpsCertificate,
        ),
        api(
            "POST",
            "api/https/own",
            "configure",
            _post_own,
            "Makes the camera's own certificate anew, for its names and addresses of now, and puts it in force.",
            reply=HttpsCertificate,
        ),
        api(
            "POST",
            "api/https/request",
            "configure",
            _post_request,
            "Makes a key and a signing request (PKCS#10, PEM); the key stays in the camera until its certificate comes.",
            body=RequestSent,
            reply=HttpsRequest,
        ),
        api(
            "DELETE",
            "api/https/request",
            "configure",
            _delete_request,
            "Drops the signing request and its key.",
            reply=HttpsRequest,
        ),
    ),
    NETWORK,
)
