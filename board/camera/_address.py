"""Address of a network camera: checked once, and split into what is asked for, what is shown, and what stays secret."""

from __future__ import annotations

import re
from dataclasses import field
from urllib.parse import unquote, urlsplit, urlunsplit

from board.kit.dataclass import dataclass
from board.kit.errors import CameraError
from board.kit.path_keys import without_keys

PERCENT = "in a user name or password write %40 for @, %2F for /, %3A for :, %23 for # and %3F for ?"


@dataclass(frozen=True, slots=True)
class Address:
    """`url` as FFmpeg takes it: scheme in small letters, user and password in it; `plain` the same without them; `name`: what
    errors and logs call it; `user` and `password` decoded."""

    scheme: str
    url: str = field(repr=False)
    plain: str = field(repr=False)
    name: str
    user: str = field(repr=False)
    password: str = field(repr=False)


def parse_address(url: str) -> Address:
    """CameraError when the URL is malformed; its text holds nothing that could be a part of a password.

    The first "/", "#" or "?" ends the host (RFC 3986, 3.2), so a password that holds one of them would be cut there and its
    beginning taken for a port: an "@" behind the host is refused, in a path it is written %40."""
    malformed = CameraError("camera URL is malformed at its host or port; {hint}", hint=PERCENT)
    url = url.strip()
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        asked_for = host if ":" in host else host.encode("idna").decode()  # FFmpeg knows no letters beyond ASCII
    except ValueError:  # UnicodeError, of a label that is empty or too long, too
        raise malformed from None  # it names what stands in the place of the port, which may be of a password
    behind_host = f"{parts.path}?{parts.query}#{parts.fragment}"
    if "@" in behind_host or parts.netloc.count("@") > 1 or port == 0 or not url.isprintable() or " " in url:
        raise malformed
    if not host:
        raise CameraError("camera URL {scheme}:// names no host", scheme=parts.scheme)
    shown, place = (_place(each, port) for each in (host, asked_for))
    userinfo, at, _ = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    return Address(
        scheme=parts.scheme,
        url=urlunsplit((parts.scheme, f"{userinfo}{at}{place}", parts.path, parts.query, "")),
        plain=urlunsplit((parts.scheme, place, parts.path, parts.query, "")),
        name=f"{parts.scheme}://{shown}{_shown_path(parts.path)}",
        user=unquote(user),
        password=unquote(password),
    )


def _place(host: str, port: int | None) -> str:
    named = f"[{host}]" if ":" in host else host
    return f"{named}:{port}" if port else named


def _shown_path(path: str) -> str:
    """Some cameras take user and password as a part of the path ("/user=admin&password=...", "/0/admin:.../main"): such parts are
    left out, and of a recorder's key for a stream all but its beginning."""
    return without_keys("/".join("..." if re.search(r"[=&;:]", unquote(part)) else part for part in path.split("/")))
