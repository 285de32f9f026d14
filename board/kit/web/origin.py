"""Origin: whether a request that changes something comes from our own pages or from a program, not from another site (CSRF).

A browser adds the session's cookie, or the password of HTTP Basic that it remembers, to whatever a page of another site makes it
send. The first line of this table that applies decides; `tests/unit/board/kit/web/test_origin.py` has a case for each:

1. API token, or the host's word                              passes: no browser adds these by itself
2. Sec-Fetch-Site: same-origin                                passes: pages cannot set this header
3. Sec-Fetch-Site: same-site, cross-site, anything unknown    refused
4. Origin or Referer of another place, or "null"              refused
5. Origin or Referer of ours                                  passes
6. X-Requested-With                                           passes: another site cannot add it without our consent (CORS)
7. none of these, session or Basic, from what looks like a    refused: an old browser, or one whose headers something removed
   browser (User-Agent Mozilla/..., Accept-Language)
8. none of these, session, GET or HEAD                        refused: a picture or a link on any site sends exactly this
9. none of these, anything else                               passes: a program

A program with a cookie jar may therefore POST without further headers (line 9). That opens nothing to other sites: browsers send
Origin with every request that is not GET or HEAD (https://fetch.spec.whatwg.org/#origin-header; Chromium, Firefox from 70, Safari),
nearly all send Sec-Fetch-Site too, and the cookie is SameSite=Strict, so that a browser does not add it to another site's requests.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from board.kit.dataclass import dataclass
from board.kit.web.routes import Call, Refused
from board.kit.web.visitor import BASIC, COOKIE, HOST, TOKEN, Visitor

_BY_A_PICTURE = ("GET", "HEAD")
"""What a page of another site can make a browser send without an Origin header."""

_PORTS = {"http": "80", "https": "443"}


def public_address(text: str) -> str:
    """ "https://gate.example:8443" of what a person writes: the scheme in small letters, the host as browsers name it (an umlaut is
    not in an Origin). ValueError says what it must look like."""
    parts = urlsplit(text.strip())
    try:
        host, port = (parts.hostname or "").encode("idna").decode(), parts.port
    except ValueError:  # UnicodeError too
        host, port = "", None
    if parts.scheme not in _PORTS or not host or "@" in parts.netloc:
        raise ValueError(f"{text!r} is not an address such as https://gate.example")
    place = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{place}{f':{port}' if port else ''}"


def _nobody(address: str) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Front:
    """How browsers reach the camera. `public`: addresses of a reverse proxy in front of it, as `public_address` gives them;
    `trusts`: whether the X-Forwarded-Host and X-Forwarded-Proto of a proxy at that address count."""

    public: tuple[str, ...] = ()
    trusts: Callable[[str], bool] = _nobody

    def host(self, environ: Mapping[str, Any]) -> str:
        """The host and port that the browser asked, as far as they arrived here: "camera:8080", "gate.example"."""
        passed_on = str(environ.get("HTTP_X_FORWARDED_HOST", "")).split(",")[0].strip()
        if passed_on and self.trusts(str(environ.get("REMOTE_ADDR", ""))):
            return passed_on.lower()
        return str(environ.get("HTTP_HOST", "")).lower()

    def is_secure(self, environ: Mapping[str, Any]) -> bool:
        """True when the browser speaks TLS, to the camera or to a proxy: then the cookie must not go out in the clear."""
        if environ.get("wsgi.url_scheme") == "https":
            return True
        proto = str(environ.get("HTTP_X_FORWARDED_PROTO", "")).split(",")[0].strip().lower()
        if proto and self.trusts(str(environ.get("REMOTE_ADDR", ""))):
            return proto == "https"
        return any(url.startswith("https://") and _place(url) == _bare(self.host(environ)) for url in self.public)

    def is_own(self, environ: Mapping[str, Any], origin: str) -> bool:
        """`origin`: an Origin or Referer header."""
        place = _place(origin)
        return place != "" and place in {_bare(self.host(environ)), *map(_place, self.public)}


def cookie_name(base: str, host: str, secure: bool = False) -> str:
    """Cookies know no ports: two cameras behind one address would overwrite each other's. Nor may HTTP overwrite what came by HTTPS
    (RFC 6265bis, 5.7): a `secure` one has a name of its own. `host`: as Front.host gives it."""
    _, colon, port = host.rpartition(":")
    name = f"{base}_{port}" if colon and port.isdecimal() and port not in _PORTS.values() else base
    return f"__Host-{name}" if secure else name


def check(call: Call, visitor: Visitor, front: Front) -> None:
    """Refused 403 for a request that changes something and may have been made by another web site."""
    if visitor.by in (TOKEN, HOST):
        return
    site = call.header("Sec-Fetch-Site")
    if site == "same-origin":
        return
    if site not in ("", "none"):
        raise Refused(403, "The request came from another web site.")
    origins = [origin for origin in (call.header("Origin"), call.header("Referer")) if origin]
    for origin in origins:
        if not front.is_own(call.environ, origin):
            raise _foreign(origin, front.host(call.environ))
    if origins:
        return
    if call.header("X-Requested-With"):
        return
    suspect = _is_browser(call) or (visitor.by == COOKIE and call.method in _BY_A_PICTURE)
    if suspect and visitor.by in (COOKIE, BASIC):
        raise Refused(
            403,
            "The request does not say which page it came from. Send an Origin or an X-Requested-With header, or use HTTP Basic or "
            "an API token instead of the session's cookie.",
        )


def _foreign(origin: str, host: str) -> Refused:
    if not _place(origin):  # "null": a browser says so that it does not tell, which no setting makes right
        return Refused(403, "The request came from another web site.")
    return Refused(
        403,
        "The request came from another web site: from {origin}, while this camera was asked as Host {host}. Behind a reverse "
        "proxy, let it pass the browser's Host on, or start the camera with --public-address {origin} (docs/install.md).",
        origin="/".join(origin.split("/")[:3])[:100],
        host=host[:100],
    )


def _is_browser(call: Call) -> bool:
    """A browser remembers HTTP Basic and sends it for other sites too; programs do not say which language they read."""
    return call.header("User-Agent").startswith("Mozilla/") and bool(call.header("Accept-Language"))


def _place(url: str) -> str:
    """ "gate.example:8443" of a URL, without the port that its scheme has anyway; "" for none ("null")."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return parts.netloc.lower().removesuffix(f":{_PORTS.get(parts.scheme, '')}")


def _bare(host: str) -> str:
    return host.removesuffix(":80").removesuffix(":443")
