"""FTP action: names made safe, and options that cannot work; tests/servers/test_ftp_action.py talks to servers."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from board.kit.errors import ConfigError, PeerRefused
from board.kit.settings import check
from engine.actions.ftp import ACTION, FOLLOWS_NS, FtpOptions
from engine.formats.event import Device
from engine.formats.file_name import path
from engine.types import Match, PassageImages, PlateEvent, PlateList
from tests.ftp_server import ftp_server
from tests.samples import DEVICE, NOW_NS, ActionPeer, env, event, passage


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    """A server that takes everything, until it is stopped."""
    with ftp_server(folder / "served") as server:
        options = {"host": "127.0.0.1", "port": server.port, "tls": "none", "format": "XML", "user": server.user}
        yield ActionPeer({**options, "password": server.password}, env(images=folder), server.stop)


def named(template: str, plate: str = "HK55EVB", list_name: str = "WHITELIST") -> tuple[list[str], str]:
    match = Match(PlateList(4, list_name, "white"), None)
    return path(template, PlateEvent(passage(plate), (match,), match), DEVICE)


def test_places_are_filled_and_slashes_of_the_template_are_folders() -> None:
    assert named(FtpOptions().name) == (["2026-01-02"], "HK55EVB_2026-01-02_04-04-05_WHITELIST")
    assert named("{plate}") == ([], "HK55EVB")
    assert named("/gates/{site}/{device}/{camera}/{date}/{time} {plate}") == (
        ["/", "gates", "Depot", "Gate_north", "gw-0123456789ab", "2026-01-02"],
        "04-04-05 HK55EVB",
    )
    assert named("{date}/{plate}", plate="") == (["2026-01-02"], "NOPLATE")


@pytest.mark.parametrize(
    ("plate", "name"),
    [
        ("..", "_"),
        (".", "_"),
        ("../../etc/passwd", "_.._etc_passwd"),
        ("/etc/passwd", "_etc_passwd"),
        ("a\r\nDELE x", "a__DELE_x"),
        ("a\x00b", "a_b"),
        ("C:\\x?*|<>\"'`$;", "C__x__________"),
        ("차량12가3456", "차량12가3456"),
        ("MÜ AB 1", "MÜ_AB_1"),
        (".hidden.", "hidden"),
        ("A" * 500, "A" * 60),
        ("{list}", "_list_"),
    ],
)
def test_no_plate_leaves_its_folder_or_ends_a_command(plate: str, name: str) -> None:
    assert named("{plate}", plate) == ([], name)
    assert named("{list}/x", list_name=plate) == ([name], "x")


@pytest.mark.parametrize(
    "name", ["", "/", "a//b", "../{plate}", "a/../b", "a/./b", "{plate}/", "a\\b", "a:b", "a\x01b", "a?b", "//a"]
)
def test_what_is_no_path_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="File name: is not a path such as "):
        check(FtpOptions, {"name": name})


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"name": "{nobody}"}, r"File name: there is no \{nobody\}"),
        ({"user": "a\r\nDELE x"}, "User: must be one line"),
        ({"password": "a\nb"}, "Password: must be one line"),
        ({"host": "ftp://x"}, "Host: must be a host name"),
        ({"format": "PNG"}, "Format: must be one of JPG, XML, XML_IMG, JSON, JSON_IMG"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        check(FtpOptions, options)


@pytest.mark.parametrize(("tls", "port"), [("none", 21), ("explicit", 21), ("implicit", 990)])
def test_a_peer_is_host_and_port(tls: str, port: int) -> None:
    assert ACTION.peer(FtpOptions(host="ftp.example", tls=tls)) == f"ftp.example:{port}"


def test_a_picture_that_is_gone_is_not_waited_for(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no picture: it was not stored, or is deleted already"):
        ACTION.deliver(event(), FtpOptions(host="127.0.0.1", port=9), env(images=tmp_path))


@pytest.mark.parametrize("images", ["full", "plate", "both"])
def test_a_picture_that_follows_its_passage_is_waited_for(tmp_path: Path, images: str) -> None:
    """A card that stalls has the car told before its pictures are stored: they were given up at the first try, or one of them left
    out, though they were there a moment later."""
    told = event(images=PassageImages("p1-full.jpg", "p1-plate.jpg"), monotonic_ns=NOW_NS)
    with ftp_server(tmp_path / "served") as server:
        options = FtpOptions(
            host="127.0.0.1",
            port=server.port,
            tls="none",
            user=server.user,
            password=server.password,
            images=images,
            name="{plate}",
        )
        its = env(images=tmp_path)
        if images == "both":
            (tmp_path / "p1-full.jpg").write_bytes(b"full")
        with pytest.raises(PeerRefused, match="there is no picture"):
            ACTION.deliver(told, options, its)
        for name in ("full", "plate"):
            (tmp_path / f"p1-{name}.jpg").write_bytes(name.encode())
        ACTION.deliver(told, options, its)
        served = sorted(each.name for each in (tmp_path / "served").iterdir())
    assert served == {"full": ["HK55EVB.jpg"], "plate": ["HK55EVB.jpg"], "both": ["HK55EVB.jpg", "HK55EVB_plate.jpg"]}[images]


def test_a_picture_that_nobody_took_is_not_waited_for(tmp_path: Path) -> None:
    """A car without a plate has no picture of it: its other one was stored two minutes late."""
    told = event(images=PassageImages("p1-full.jpg", ""), monotonic_ns=NOW_NS)
    (tmp_path / "p1-full.jpg").write_bytes(b"full")
    with ftp_server(tmp_path / "served") as server:
        options = FtpOptions(
            host="127.0.0.1", port=server.port, tls="none", user=server.user, password=server.password, images="both", name="car"
        )
        ACTION.deliver(told, options, env(images=tmp_path))
        assert [each.name for each in (tmp_path / "served").iterdir()] == ["car.jpg"]


def test_one_of_two_pictures_that_does_not_come_any_more_keeps_nobody_from_the_other(tmp_path: Path) -> None:
    seen_ns = NOW_NS - FOLLOWS_NS
    told = event(images=PassageImages("p1-full.jpg", "p1-plate.jpg"), monotonic_ns=seen_ns)
    (tmp_path / "p1-full.jpg").write_bytes(b"full")
    with ftp_server(tmp_path / "served") as server:
        options = FtpOptions(
            host="127.0.0.1",
            port=server.port,
            tls="none",
            user=server.user,
            password=server.password,
            images="both",
            name="{plate}",
        )
        ACTION.deliver(told, options, env(images=tmp_path))
        assert [each.name for each in (tmp_path / "served").iterdir()] == ["HK55EVB.jpg"]
    gone = event(images=PassageImages("p2-full.jpg", ""), monotonic_ns=seen_ns)
    with pytest.raises(ConfigError, match="there is no picture"):
        ACTION.deliver(gone, options, env(images=tmp_path))


def test_a_name_of_the_camera_is_made_safe_as_well() -> None:
    match = Match(PlateList(4, "x", "white"), None)
    device = Device("gw-1", "../a", "b/c", DEVICE.zone)
    assert path("{device}/{site}", PlateEvent(passage(), (match,), match), device) == (["_a"], "b_c")
