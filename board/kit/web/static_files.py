"""Static files: style sheets, scripts and icons of some folders as routes.

A page links them below an address that changes with their content, so that a browser asks for each once and not on every page; and
it names all scripts that its own import, however far down, as each step of imports costs a slow line its delay once more."""

from __future__ import annotations

import hashlib
import re
from contextlib import suppress
from functools import cached_property
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


_IMPORTED = re.compile(r'^(?:import|export)\b[^;"]*"\./(\w+)\.js"', re.MULTILINE)
_FOR_GOOD = (("Cache-Control", "private, max-age=31536000, immutable"),)


class StaticFiles:
    """The files of `folders` whose type is known; of two with one name that of the first folder counts."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    def routes(self, path: str, permission: str) -> tuple[Route[Any], ...]:
        """Below `path` each file as it is now, which a browser that has it asks anew; below `path`/`version` for good."""
        packed: Packed = {}

        def answer(context: object, call: Call) -> Answer:
            name = call.path["name"]
            if not name.isprintable() or "/" in name or name.startswith("."):
                raise Refused(404, "There is no such file.")
            target = self._path(name) or self._folders[0] / name
            return _content(target, call, packed, for_good=call.path.get("version") == self.version)

        return tuple(download(f"{path}/{name}", permission, answer) for name in ("<name>", "<version>/<name>"))

    @cached_property
    def version(self) -> str:
        """Changes with the files. They do not while a process runs: an upgrade starts another one."""
        found = hashlib.sha256()
        for path in (path for folder in self._folders for path in sorted(folder.iterdir()) if path.suffix in TYPES):
            content = b""
            with suppress(OSError):  # of a worn card: a page without one of them is better than none
                content = path.read_bytes()
            found.update(hashlib.sha256(path.name.encode() + b"\0" + content).digest())
        return found.hexdigest()[:12]

    def scripts(self, *names: str) -> tuple[Path, ...]:
        """Those scripts and all that they import, each once."""
        found: dict[str, Path] = {}
        wanted = list(reversed(names))
        while wanted:
            name = wanted.pop()
            if name not in found and name in self._scripts:
                found[name], imported = self._scripts[name]
                wanted += reversed(imported)
        return tuple(found.values())

    @cached_property
    def _scripts(self) -> dict[str, tuple[Path, tuple[str, ...]]]:
        """By their names, with those that each imports."""
        found: dict[str, tuple[Path, tuple[str, ...]]] = {}
        for path in (path for folder in reversed(self._folders) for path in folder.glob("*.js")):
            with suppress(OSError):
                found[path.stem] = path, tuple(_IMPORTED.findall(path.read_text("utf-8")))
        return found

    def _path(self, name: str) -> Path | None:
        return next((folder / name for folder in self._folders if (folder / name).is_file()), None)


def file(path: str, permission: str, target: Path) -> Route[Any]:
    """Gives out one file."""
    packed: Packed = {}
    return download(path, permission, lambda context, call: _content(target, call, packed))


def _content(target: Path, call: Call, packed: Packed, for_good: bool = False) -> Answer:
    kind = TYPES.get(target.suffix)
    if kind is None:
        raise Refused(404, "There is no such file.")
    try:
        content = target.read_bytes()
    except OSError as why:
        raise Refused(404, "There is no such file.") from why
    mark = f'"{hashlib.sha256(content).hexdigest()[:20]}"'
    kept = _FOR_GOOD if for_good else (("Cache-Control", "no-cache"),)
    headers = (*kept, ("ETag", f"W/{mark}"), ("Vary", "Accept-Encoding"))  # weak: gzipped or not
    if mark in call.header("If-None-Match"):
        return Answer(b"", kind, 304, headers)
    if not is_worth_it(kind, content) or not takes_gzip(call.header("Accept-Encoding")):
        return Answer(content, kind, 200, headers)
    known = packed.get(target.name)
    if known is None or known[0] != mark:
        known = packed[target.name] = (mark, pack(content))
    return Answer(known[1], kind, 200, (*headers, ("Content-Encoding", "gzip")))
