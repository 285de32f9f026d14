"""Manifest: each wrong line of package.conf is named with its section and key."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from board.kit.errors import PackageError
from board.kit.state import State
from firmware.packages.manifest import CLOSED_SOCKETS, Layout, Route, parse
from tests.tiny_package import contents

RIGHT = contents()["package.conf"].decode()
SECOND = (
    RIGHT.replace("format = 1", "format = 2").replace("url = /tiny/\n", "")
    + """[route.portal]
path = /tiny/
socket = manager.sock
[route.lpr]
path = /LPR/
socket = vms.sock
authenticates = package
[route.status]
path = /status/
socket = vms.sock
authenticates = none
[process.vms]
order = 3
command = tiny
optional = true
"""
)


WRONG_IN_FIRST = [
    ("name = TINY", "name = ../x", "[package] name: '../x' is not a name of up to 40 letters, digits, _ and -"),
    ("name = TINY", "", "[package] name is missing"),
    ("format = 1", "format = 5", "[package] format is not 1 or 2 or 3 or 4: this camera does not know the package's format"),
    ("format = 1", "format = 2", "unknown key 'url' in [package]"),
    ("format = 1", "", "[package] format is not 1 or 2 or 3 or 4: "),
    ("url = /tiny/", "url = /LOGIN/", "[package] url: '/LOGIN/' is the camera's own"),
    ("url = /tiny/", "url = /api/", "[package] url: '/api/' is the camera's own"),
    ("url = /tiny/", "url = /cgi-bin/", "[package] url: '/cgi-bin/' is the camera's own"),
    ("url = /tiny/", "url = /tiny/\nsocket = pins.sock", "[package] socket: 'pins.sock' is not for web pages"),
    ("url = /tiny/", "url = /tiny/\nsocket = people.sock", "[package] socket: 'people.sock' is not for web pages"),
    ("[licence]", "[route.lpr]\npath = /LPR/\nsocket = vms.sock\n[licence]", "unknown section [route.lpr]"),
    ("order = 2", "order = 2\noptional = true", "unknown key 'optional' in [process.manager]"),
    ("arch = all", "arch = mips", "[package] arch: 'mips' is not one of all, aarch64, armv7l, x86_64"),
    ("version = 1.0.0", "version = new", "[package] version: 'new' is not a version like 3.0.2.0"),
    ("url = /tiny/", "url = https://x/", "[package] url: 'https://x/' is not a path like /anpr/"),
    ("runmode = respawn", "runmode = always", "[package] runmode: 'always' is not one of respawn, once, never"),
    ("failures = 1", "failures = -1", "[health] failures: '-1' is not a whole number from 0 to 100"),
    ("[licence]", "[license]", "unknown section [license]"),
    ("order = 2", "order = 1", "two processes have the same order"),
    ("command = tiny", "command = os;x", "[process.pins] command: 'os;x' is not a module like board.pins"),
    ("args = live", "args = $(live)", "[process.pins] args: '$(live) pins' is not plain words"),
    ("[process.pins]", "[process.Pins]", "[process.Pins]: a process name is up to 21 small letters, digits and _"),
    ("vendorurl = https", "vendorurl = javascript", "[package] vendorurl: "),
    ("order = 1", "order = ١", "[process.pins] order: '١' is not a whole number from 1 to 99"),
    ("version = 1.0.0", "version = １.0.0", "[package] version: '１.0.0' is not a version like 3.0.2.0"),
    ("min_platform = 1.0.0.0", "min_platform = ٩.٠", "[package] min_platform: '٩.٠' is not a version like 1.3.1.0"),
    ("[licence]", "[a\x07b]\n[licence]", "unknown section [a?b]"),
]
WRONG_IN_SECOND = [
    ("[route.portal]", "[route.pages]", "no [route.portal] section"),
    ("[route.portal]", "[route.Portal]", "[route.Portal]: a route name is up to 21 small letters, digits and _"),
    ("path = /LPR/", "path = /TINY/", "two routes have the same path"),
    ("path = /LPR/", "path = /lpr", "[route.lpr] path: '/lpr' is not a path like /anpr/"),
    ("path = /LPR/", "", "[route.lpr] path is missing"),
    ("path = /LPR/", "path = /setup/", "[route.lpr] path: '/setup/' is the camera's own"),
    ("path = /LPR/", "path = /cgi-bin/", "the route /cgi-bin/ is for CGIs that the host asks a log-in for"),
    ("path = /tiny/", "path = /cgi-bin/", "the route /cgi-bin/ is for CGIs that the host asks a log-in for"),
    ("socket = vms.sock", "socket = service.sock", "[route.lpr] socket: 'service.sock' is not for web pages"),
    ("socket = vms.sock", "socket = ../x.sock", "[route.lpr] socket: '../x.sock' is not a socket name like manager.sock"),
    ("= package", "= everybody", "[route.lpr] authenticates: 'everybody' is not one of host, package, none"),
    ("= package", "= package\nport = 80", "unknown key 'port' in [route.lpr]"),
    ("optional = true", "optional = yes", "[process.vms] optional: 'yes' is not one of true, false"),
    ("order = 3", "order = 2", "two processes have the same order"),
]
WRONG = [*((RIGHT, *line) for line in WRONG_IN_FIRST), *((SECOND, *line) for line in WRONG_IN_SECOND)]
"""(package.conf, what of it, what stands there instead, what is said)."""


def test_the_real_package_describes_its_processes_in_order_and_who_asks_for_the_log_in_where() -> None:
    from vadp_package.build import HERE

    manifest = parse((HERE / "package.conf").read_text("utf-8").replace("{version}", "0.1.0").encode())
    assert (manifest.name, manifest.mechanism) == ("ANPR", "none")
    assert manifest.portal == Route("portal", "/anpr/", "manager.sock", "host")
    assert manifest.routes == (
        manifest.portal,
        Route("cgi", "/cgi-bin/", "manager.sock", "host"),
        Route("lpr", "/LPR/", "vms.sock", "package"),
        Route("onvif", "/onvif/", "vms.sock", "package"),
    )
    assert [(p.name, p.command, p.args, p.optional) for p in manifest.processes] == [
        ("pins", "board.pins", (), False),
        ("service", "engine", ("service",), False),
        ("engine", "engine", ("run",), False),
        ("manager", "webui", (), False),
        ("vms", "engine", ("vms",), True),
    ]


def test_a_package_of_the_second_format_has_several_routes_and_optional_processes() -> None:
    manifest = parse(SECOND.encode())
    assert manifest.routes == (
        Route("portal", "/tiny/", "manager.sock", "host"),
        Route("lpr", "/LPR/", "vms.sock", "package"),
        Route("status", "/status/", "vms.sock", "none"),
    )
    assert [(process.name, process.optional) for process in manifest.processes] == [
        ("pins", False),
        ("manager", False),
        ("vms", True),
    ]


def test_one_process_must_run() -> None:
    with pytest.raises(PackageError, match="every process is optional"):
        parse(contents(optional=("pins", "manager"))["package.conf"])


def test_comments_after_a_semicolon_are_no_part_of_a_value() -> None:
    assert parse(RIGHT.replace("vendor = Acme", "vendor = Acme    ; who made it").encode()).vendor == "Acme"


@pytest.mark.parametrize(
    ("right", "old", "new", "said"), WRONG, ids=[f"{'second' if right is SECOND else 'first'}-{new}" for right, _, new, _ in WRONG]
)
def test_a_wrong_line_is_refused_with_its_place(right: str, old: str, new: str, said: str) -> None:
    assert old in right
    with pytest.raises(PackageError) as caught:
        parse(right.replace(old, new, 1).encode())
    assert str(caught.value).startswith(f"package.conf: {said}")


@pytest.mark.parametrize("data", [b"\xff\xfe", b"name = x", b"[package]\nname\n", b"[package]\nname=a\nname=b\n", b"[a]\n[a]\n"])
def test_what_is_no_ini_file_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(PackageError, match=r"package\.conf") as caught:
        parse(data)
    assert "\n" not in str(caught.value)


def test_a_package_that_runs_nothing_is_refused() -> None:
    with pytest.raises(PackageError, match="runs nothing"):
        parse(contents(processes={})["package.conf"])


def test_no_socket_that_speaks_no_http_and_no_process_of_the_host_can_be_taken() -> None:
    sockets = {getattr(State(Path("/s")), name).name for name in dir(State) if name.endswith("_socket")}
    assert sockets - set(CLOSED_SOCKETS) == {"manager.sock", "vms.sock"}
    with pytest.raises(PackageError, match=r"\[process.hostd\]: the camera has a process of that name"):
        parse(contents()["package.conf"].replace(b"[process.manager]", b"[process.hostd]"))
    started = contents()["package.conf"].replace(b"format = 1", b"format = 3").replace(b"url = /tiny/\n", b"") + b"starts = ftp\n"
    with pytest.raises(PackageError, match=r"\[process.ftp\]: the camera has a process of that name"):
        parse(started + b"[route.portal]\npath = /tiny/\nsocket = manager.sock\n")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "=" * 9000 + text,
        lambda text: text.replace("[licence]", f"[{'x' * 9000}]\n[licence]"),
        lambda text: text.replace("[licence]", f"[process.{'x' * 9000}]\n[licence]"),
        lambda text: text.replace("[licence]", f"{'x' * 9000} = 1\n[licence]"),
        lambda text: text.replace("[licence]", f"{'x' * 9000}\n[licence]"),
        lambda text: text.replace("version = 1.0.0", f"version = {'1' * 9000}"),
    ],
    ids=["no section", "section", "process", "key", "line", "value"],
)
def test_a_refusal_is_one_line_however_long_what_it_tells_of_is(change: Callable[[str], str]) -> None:
    with pytest.raises(PackageError) as caught:
        parse(change(RIGHT).encode())
    assert len(str(caught.value)) < 300 and str(caught.value).isprintable()


FOURTH = RIGHT.replace("format = 1", "format = 4").replace("url = /tiny/\n", "") + (
    "[route.portal]\npath = /tiny/\nsocket = manager.sock\n"
    "[data]\nlayout = 7\noldest = 5\n[requires]\npython = 3.11 3.13\nlibraries = a|b numpy\n"
)


def test_a_package_of_the_fourth_format_says_how_it_stores_and_what_it_requires() -> None:
    manifest = parse(FOURTH.encode())
    assert (manifest.data, manifest.python, manifest.libraries) == (Layout(7, 5), ("3.11", "3.13"), ("a|b", "numpy"))


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("oldest = 5", "oldest = 8", r"\[data\] oldest must not be greater than layout"),
        ("layout = 7", "layout = -7", r"\[data\] layout: '-7' is not a whole number from 0 to 999999"),
        ("python = 3.11 3.13", "python = 2.7", r"\[requires\] python: '2.7' is not versions of Python like 3.11"),
        ("libraries = a|b numpy", "libraries = ../x", r"\[requires\] libraries: '../x' is not names of modules"),
        ("format = 4", "format = 3", r"unknown section \[data\]"),
    ],
)
def test_what_is_wrong_in_the_fourth_format_is_named(right: str, wrong: str, said: str) -> None:
    with pytest.raises(PackageError, match=said):
        parse(FOURTH.replace(right, wrong).encode())


def test_the_real_package_says_how_its_database_is_laid_out() -> None:
    """A new migration that earlier releases could not read past would have to raise `oldest` too."""
    from engine.store.migrations import MIGRATIONS
    from vadp_package.build import HERE

    manifest = parse((HERE / "package.conf").read_text("utf-8").replace("{version}", "0.1.0").encode())
    assert manifest.data == Layout(len(MIGRATIONS), 0)
