"""Static files: a folder of style sheets, scripts and icons as a route."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from board.kit.web.compress import is_worth_it, pack, takes_gzip
from board.kit.web.routes import Answer, Call, Refused, Route, download

SHARED = Path(__file__).parent / "static"
"""Style and scripts that host and portal share."""

Packed = dict[str, tuple[str, bytes]]
"""{file name: (its ETag, its content gzipped)}, one entry a file."""

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
    ".png": "image/png",
}


def files(path: str, permission: str, folder: Path) -> Route[Any]:
    """Gives out the files of `folder` whose type is known; `path` holds <name>. A browser that has one asks whether it changed."""
    packed: Packed = {}

    def answer(context: object, call: Call) -> Answer:
        name = call.path["name"]
        if not name.isprintable() or "/" in name or name.startswith("."):
            raise Refused(404, "There is no such file.")
        return _content(folder / name, call, packed)

    return download(path, permission, answer)


def file(path: str, permission: str, target: Path) -> Route[Any]:
    """Gives out one file."""
    packed: Packed = {}
    return download(path, permission, lambda context, call: _content(target, call, packed))


def _content(target: Path, call: Call, packed: Packed) -> Answer:
    kind = TYPES.get(target.suffix)
    if kind is None:
        raise Refused(404, "There is no such file.")
    try:
        content = target.read_bytes()
    except OSError as why:
        raise Refused(404, "There is no such file.") from why
    mark = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    headers = (("Cache-Control", "no-cache"), ("ETag", f"W/{mark}"), ("Vary", "Accept-Encoding"))  # weak: gzipped or not
    if mark in call.header("If-None-Match"):
        return Answer(b"", kind, 304, headers)
    if not is_worth_it(kind, content) or not takes_gzip(call.header("Accept-Encoding")):
        return Answer(content, kind, 200, headers)
    known = packed.get(target.name)
    if known is None or known[0] != mark:
        known = packed[target.name] = (mark, pack(content))
    return Answer(known[1], kind, 200, (*headers, ("Content-Encoding", "gzip")))
