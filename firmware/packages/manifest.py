"""Manifest: package.conf, what a package says about itself; every key is checked, unknown ones are refused.

Source: docs/sources.md, VIVOTEK's packages and CGIs.
"""

from __future__ import annotations

import configparser
import re
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, TypeVar

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, PackageError
from board.kit.words import Text, mark

NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
VERSION = re.compile(r"[0-9]{1,5}(\.[0-9]{1,5}){1,3}([-.+][A-Za-z0-9.]{1,20})?")
ARCHITECTURES = ("all", "aarch64", "armv7l", "x86_64")
RUN_MODES = ("respawn", "once", "never")
"""respawn: starts at boot, restarts after a crash; once: starts at boot only; never: neither (ACAP's words)."""
MECHANISMS = ("none", "file")
MAX_CONF_BYTES = 64_000
MAX_SHOWN = 160
"""So many characters of what is wrong are told."""
Named = TypeVar("Named")
HOST_NAME = "HOST"
"""Of the camera's own host as a signed file (firmware/update/): it has neither processes nor routes. No package is called so."""
PORTAL = "portal"
"""The route that Package Management opens."""
HOST, PACKAGE, NOBODY = "host", "package", "none"
"""Who asks for the log-in on a route: the host, which then says who is there; the package itself, which gets the Authorization
header; nobody."""
APART_FROM = 3
"""Format of packages whose processes may each be a user of its own: they find their files where the host then puts them."""
HOSTS_PATHS = (
    "api",
    "cgi-bin",
    "favicon.ico",
    "health",
    "host",
    "language",
    "login",
    "logo.png",
    "logout",
    "openapi.json",
    "password",
    "setup",
)
"""First parts of the host's own addresses: no package may take them."""
CGIS = "/cgi-bin/"
"""The one of these that a route of a package may take: it answers those CGIs that the host has none of its own for."""
HOSTS_PROCESSES = ("ftp", "hostd")
"""Names of heartbeats and logs that are the host's own."""
CLOSED_SOCKETS = ("broadcasts.sock", "people.sock", "pins.sock", "service.sock")
"""Sockets in STATE/run that speak no HTTP: strangers must not get there through the proxy."""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """One process of a package: `python -m <command> <args> --state STATE`; lower `order` starts first.

    `silent_s`: overrides the package's for this process, whose hanging does harm sooner than others'; None: it does not.
    `optional`: the package works without it; exit code 78 or a missing library ends it until the package starts again.
    `starts`: processes that it has started when it needs them."""

    name: str
    order: int
    command: str
    args: tuple[str, ...]
    silent_s: float | None = None
    optional: bool = False
    starts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """Requests for `path` and what is below it go to `socket`, a file in STATE/run. `authenticates`: HOST, PACKAGE or NOBODY."""

    name: str
    path: str
    socket: str
    authenticates: str = HOST

    def serves(self, path: str) -> bool:
        return path.startswith(self.path) or path == self.path.rstrip("/")


@dataclass(frozen=True, slots=True)
class Health:
    """`grace_s`: a process may take so long to its first heartbeat; `silent_s`: from then on, an older one is a hang;
    `window_s`: a package on trial is good when every process that must run has beaten for so long without a break; more than
    `failures` crashes before that are a failure."""

    grace_s: float = 30.0
    silent_s: float = 15.0
    window_s: float = 30.0
    failures: int = 3


@dataclass(frozen=True, slots=True)
class Layout:
    """Of what a package stores. `number`: it grows with each change; `oldest`: versions whose number is at least this one read
    what this version stores, so that a way back to them keeps everything."""

    number: int = 0
    oldest: int = 0


@dataclass(frozen=True, slots=True)
class Manifest:
    """package.conf, checked. `min_platform` as numbers; `routes`: what the host's proxy passes on, always with PORTAL;
    `flash_kb`, `ram_kb`: what its vendor says it takes (room is checked by the real sizes); `apart`: each of its processes may be a
    user of its own; `python`: versions that it runs with, any if there is none; `libraries`: modules that it imports and may not
    carry, "a|b" if one of both is enough."""

    name: str
    extendedname: str
    vendor: str
    vendorurl: str
    version: str
    routes: tuple[Route, ...]
    arch: str
    min_platform: tuple[int, ...]
    runmode: str
    flash_kb: int
    ram_kb: int
    sd_allowed: bool
    mechanism: str
    health: Health
    processes: tuple[ProcessSpec, ...]
    apart: bool = False
    data: Layout = Layout()
    python: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()

    @property
    def users(self) -> tuple[str, ...]:
        """Names of all processes, also of those that others have started: each is a user of its own, if they are `apart`."""
        return tuple(dict.fromkeys(name for process in self.processes for name in (process.name, *process.starts)))

    @property
    def portal(self) -> Route:
        return next(route for route in self.routes if route.name == PORTAL)


def parse(data: bytes) -> Manifest:
    """The manifest in the bytes of package.conf; PackageError says which section and key is wrong."""
    if len(data) > MAX_CONF_BYTES:
        raise PackageError("package.conf is larger than {most} bytes", most=MAX_CONF_BYTES)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as why:
        raise PackageError("package.conf is not UTF-8 text") from why
    ini = configparser.ConfigParser(
        interpolation=None, delimiters=("=",), inline_comment_prefixes=(";",), default_section="none", empty_lines_in_values=False
    )
    try:
        ini.read_string(text, "package.conf")
    except configparser.Error as why:
        raise PackageError("package.conf: {why}", why=_shown(" ".join(str(why).split()))) from why
    sections = {name: dict(ini[name]) for name in ini.sections()}
    form = FORMATS.get(sections.get("package", {}).get("format", ""))
    if form is None:
        known = " or ".join(FORMATS)
        raise PackageError(
            "package.conf: [package] format is not {known}: this camera does not know the package's format", known=known
        )
    processes = tuple(sorted(_named(sections, "process", form.process, ProcessSpec), key=lambda process: process.order))
    routes = tuple(_named(sections, "route", form.route, Route))
    for name in sections:
        if name not in form.sections and name != "package":
            raise PackageError("package.conf: unknown section [{name}]", name=_shown(name))
    values = _values("package", sections.get("package", {}), form.package)
    for name, keys in form.sections.items():
        values |= _values(name, sections.get(name, {}), keys)
    health = Health(**{key: values.pop(key) for key in SECTIONS["health"]})
    layout = Layout(values.pop("layout", 0), values.pop("oldest", 0))
    if layout.oldest > layout.number:
        raise PackageError("package.conf: [data] oldest must not be greater than layout")
    if "url" in values:
        routes = (Route(PORTAL, values.pop("url"), values.pop("socket")),)
    values["apart"] = values.pop("format") >= APART_FROM
    del values["initscr"]
    if values["name"] != HOST_NAME:
        _check_processes(processes)
        _check_routes(routes)
    elif processes or routes:
        raise PackageError("package.conf: {name} is the camera's host: it names no processes and no routes", name=HOST_NAME)
    return Manifest(**values, routes=routes, health=health, processes=processes, data=layout)


def _shown(text: str) -> str:
    """What a stranger wrote, as a part of one line for people."""
    return "".join(each if each.isprintable() else "?" for each in text[:MAX_SHOWN])


def _check_processes(processes: tuple[ProcessSpec, ...]) -> None:
    for name in (name for process in processes for name in (process.name, *process.starts)):
        if name in HOSTS_PROCESSES:
            raise PackageError("package.conf: [process.{name}]: the camera has a process of that name", name=name)
    if not processes:
        raise PackageError("package.conf: no [process.NAME] section, the package runs nothing")
    if all(process.optional for process in processes):
        raise PackageError("package.conf: every process is optional: one must run, so that the package can be judged")
    if len({process.order for process in processes}) != len(processes):
        raise PackageError("package.conf: two processes have the same order")


def _check_routes(routes: tuple[Route, ...]) -> None:
    if PORTAL not in {route.name for route in routes}:
        raise PackageError("package.conf: no [route.portal] section: Package Management would have nothing to open")
    if len({route.path.casefold() for route in routes}) != len(routes):
        raise PackageError("package.conf: two routes have the same path")
    if any(route.path == CGIS and (route.name == PORTAL or route.authenticates != HOST) for route in routes):
        raise PackageError("package.conf: the route {path} is for CGIs that the host asks a log-in for", path=CGIS)


def _matching(pattern: str, what: str) -> Callable[[str], str]:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ConfigError("{text!r} is not {what}", text=text[:60], what=Text(what))
        return text

    return check


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def check(text: str) -> str:
        if text not in choices:
            raise ConfigError("{text!r} is not one of {choices}", text=text[:60], choices=choices)
        return text

    return check


def _number(low: int, high: int) -> Callable[[str], int]:
    def check(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not low <= int(text) <= high:
            raise ConfigError("{text!r} is not a whole number from {low} to {high}", text=text[:60], low=low, high=high)
        return int(text)

    return check


def _optional(check: Callable[[str], object]) -> Callable[[str], object]:
    return lambda text: check(text) if text else None


def _platform(text: str) -> tuple[int, ...]:
    if not re.fullmatch(r"[0-9]{1,5}(\.[0-9]{1,5}){1,3}", text):
        raise ConfigError("{text!r} is not a version like 1.3.1.0", text=text[:60])
    return tuple(map(int, text.split(".")))


def _truth(text: str) -> bool:
    return _one_of(("true", "false"))(text) == "true"


def _words(text: str) -> tuple[str, ...]:
    return tuple(_matching(r"[A-Za-z0-9_.:/= -]{0,200}", mark("plain words"))(text).split())


def _line(limit: int) -> Callable[[str], str]:
    def check(text: str) -> str:
        if len(text) > limit or not text.isprintable():
            raise ConfigError("must be one printable line of at most {limit} characters", limit=limit)
        return text

    return check


def _path(text: str) -> str:
    if not re.fullmatch(r"/[A-Za-z0-9_-]{1,40}/", text):
        raise ConfigError("{text!r} is not a path like /anpr/", text=text[:60])
    if text.strip("/").casefold() in HOSTS_PATHS:
        raise ConfigError("{text!r} is the camera's own", text=text)
    return text


def _route_path(text: str) -> str:
    return text if text == CGIS else _path(text)


def _socket(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9_-]{1,30}\.sock", text):
        raise ConfigError("{text!r} is not a socket name like manager.sock", text=text[:60])
    if text in CLOSED_SOCKETS:
        raise ConfigError("{text!r} is not for web pages", text=text)
    return text


def _names(text: str) -> tuple[str, ...]:
    return tuple(_matching(r"([a-z][a-z0-9_]{0,20}( [a-z][a-z0-9_]{0,20}){0,7})?", mark("names of processes"))(text).split())


def _pythons(text: str) -> tuple[str, ...]:
    return tuple(_matching(r"(3\.[0-9]{1,2}( 3\.[0-9]{1,2}){0,7})?", mark("versions of Python like 3.11"))(text).split())


def _libraries(text: str) -> tuple[str, ...]:
    one = r"[A-Za-z_][A-Za-z0-9_]{0,40}(\|[A-Za-z_][A-Za-z0-9_]{0,40}){0,3}"
    return tuple(_matching(rf"({one}( {one}){{0,49}})?", mark("names of modules"))(text).split())


Keys = Mapping[str, tuple[Callable[[str], object], str | None]]
"""key -> (check, default; None: required)."""

_MODULE = r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*"
_NEEDED = None

SECTIONS: Mapping[str, Keys] = {
    "resources": {
        "flash_kb": (_number(0, 9_999_999), "0"),
        "ram_kb": (_number(0, 9_999_999), "0"),
        "sd_allowed": (_truth, "true"),
    },
    "licence": {"mechanism": (_one_of(MECHANISMS), "none")},
    "health": {
        "grace_s": (_number(1, 600), "30"),
        "silent_s": (_number(1, 600), "15"),
        "window_s": (_number(1, 3600), "30"),
        "failures": (_number(0, 100), "3"),
    },
}

_FURTHER: Mapping[str, Keys] = {
    **SECTIONS,
    "data": {"layout": (_number(0, 999_999), "0"), "oldest": (_number(0, 999_999), "0")},
    "requires": {"python": (_pythons, ""), "libraries": (_libraries, "")},
}

_PACKAGE: Keys = {
    "format": (_number(1, 999), _NEEDED),
    "name": (_matching(NAME.pattern, mark("a name of up to 40 letters, digits, _ and -")), _NEEDED),
    "extendedname": (_line(40), ""),
    "vendor": (_line(40), ""),
    "vendorurl": (_matching(r"(https?://[!-~]{1,110})?", mark("an http or https address")), ""),
    "version": (_matching(VERSION.pattern, mark("a version like 3.0.2.0")), _NEEDED),
    "arch": (_one_of(ARCHITECTURES), _NEEDED),
    "min_platform": (_platform, "1.0.0.0"),
    "initscr": (_one_of(("initscr",)), "initscr"),
    "runmode": (_one_of(RUN_MODES), "respawn"),
}

_PROCESS: Keys = {
    "order": (_number(1, 99), _NEEDED),
    "command": (_matching(_MODULE, mark("a module like board.pins")), _NEEDED),
    "args": (_words, ""),
    "silent_s": (_optional(_number(1, 600)), ""),
}

_ROUTE: Keys = {
    "path": (_route_path, _NEEDED),
    "socket": (_socket, _NEEDED),
    "authenticates": (_one_of((HOST, PACKAGE, NOBODY)), HOST),
}


@dataclass(frozen=True, slots=True)
class _Format:
    """Keys of [package], [process.NAME] and [route.NAME], without keys for routes there are none; and the other sections."""

    package: Keys
    process: Keys
    route: Keys
    sections: Mapping[str, Keys] = field(default_factory=lambda: SECTIONS)


FORMATS: Mapping[str, _Format] = {
    "1": _Format({**_PACKAGE, "url": (_path, _NEEDED), "socket": (_socket, "manager.sock")}, _PROCESS, {}),
    "2": _Format(_PACKAGE, {**_PROCESS, "optional": (_truth, "false")}, _ROUTE),
    "3": _Format(_PACKAGE, {**_PROCESS, "optional": (_truth, "false"), "starts": (_names, "")}, _ROUTE),
    "4": _Format(_PACKAGE, {**_PROCESS, "optional": (_truth, "false"), "starts": (_names, "")}, _ROUTE, _FURTHER),
}


def _named(sections: dict[str, dict[str, str]], kind: str, keys: Keys, make: Callable[..., Named]) -> list[Named]:
    """What [kind.NAME] sections describe; they are taken out of `sections`."""
    found = []
    for section in [each for each in sections if keys and each.startswith(f"{kind}.")]:
        name = section.removeprefix(f"{kind}.")
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,20}", name):
            raise PackageError(
                "package.conf: [{section}]: a {kind} name is up to 21 small letters, digits and _",
                section=_shown(section),
                kind=kind,
            )
        found.append(make(name, **_values(section, sections.pop(section), keys)))
    return found


def _values(section: str, given: Mapping[str, str], keys: Keys) -> dict[str, Any]:
    for key in given:
        if key not in keys:
            raise PackageError("package.conf: unknown key {name!r} in [{section}]", name=key[:MAX_SHOWN], section=section)
    values: dict[str, Any] = {}
    for key, (check, default) in keys.items():
        text = given.get(key, default)
        if text is None:
            raise PackageError("package.conf: [{section}] {name} is missing", section=section, name=key)
        try:
            values[key] = check(text)
        except ConfigError as why:
            raise PackageError("package.conf: [{section}] {name}: {why}", section=section, name=key, why=why) from why
    return values
