"""Manifest: each wrong line of package.conf is named with its section and key."""

from __future__ import annotations

import pytest

from board.kit.errors import PackageError
from firmware.packages.manifest import parse
from tests.tiny_package import contents

RIGHT = contents()["package.conf"].decode()


def test_the_real_package_describes_its_four_processes_in_order() -> None:
    from vadp_package.build import HERE

    manifest = parse((HERE / "package.conf").read_text("utf-8").replace("{version}", "0.1.0").encode())
    assert (manifest.name, manifest.url, manifest.socket, manifest.mechanism) == ("ANPR", "/anpr/", "manager.sock", "none")
    assert [(p.name, p.command, p.args) for p in manifest.processes] == [
        ("pins", "board.pins", ()),
        ("service", "engine", ("service",)),
        ("engine", "engine", ("run",)),
        ("manager", "webui", ()),
    ]


def test_comments_after_a_semicolon_are_no_part_of_a_value() -> None:
    assert parse(RIGHT.replace("vendor = Acme", "vendor = Acme    ; who made it").encode()).vendor == "Acme"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name = TINY", "name = ../x", "package.conf: [package] name: '../x' is not a name of up to 40 letters, digits, _ and -"),
        ("name = TINY", "", "package.conf: [package] name is missing"),
        ("format = 1", "format = 2", "package.conf: [package] format is not 1: this camera does not know the package's format"),
        ("arch = all", "arch = mips", "package.conf: [package] arch: 'mips' is not one of all, aarch64, armv7l, x86_64"),
        ("version = 1.0.0", "version = new", "package.conf: [package] version: 'new' is not a version like 3.0.2.0"),
        ("url = /tiny/", "url = https://x/", "package.conf: [package] url: 'https://x/' is not a path like /anpr/"),
        ("runmode = respawn", "runmode = always", "package.conf: [package] runmode: 'always' is not one of respawn, once, never"),
        ("failures = 1", "failures = -1", "package.conf: [health] failures: '-1' is not a whole number from 0 to 100"),
        ("[licence]", "[license]", "package.conf: unknown section [license]"),
        ("order = 2", "order = 1", "package.conf: two processes have the same order"),
        ("command = tiny", "command = os;x", "package.conf: [process.pins] command: 'os;x' is not a module like board.pins"),
        ("args = live", "args = $(live)", "package.conf: [process.pins] args: '$(live) pins' is not plain words"),
        (
            "[process.pins]",
            "[process.Pins]",
            "package.conf: [process.Pins]: a process name is up to 21 small letters, digits and _",
        ),
        ("vendorurl = https", "vendorurl = javascript", "package.conf: [package] vendorurl: "),
    ],
)
def test_a_wrong_line_is_refused_with_its_place(old: str, new: str, said: str) -> None:
    assert old in RIGHT
    with pytest.raises(PackageError) as caught:
        parse(RIGHT.replace(old, new, 1).encode())
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"name = x", b"[package]\nname\n", b"[package]\nname=a\nname=b\n", b"[a]\n[a]\n"])
def test_what_is_no_ini_file_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(PackageError, match=r"package\.conf") as caught:
        parse(data)
    assert "\n" not in str(caught.value)


def test_a_package_that_runs_nothing_is_refused() -> None:
    with pytest.raises(PackageError, match="runs nothing"):
        parse(contents(processes={})["package.conf"])
