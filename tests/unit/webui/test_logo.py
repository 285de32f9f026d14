"""Logo: only pixels of an uploaded picture get into pages."""

from __future__ import annotations

import errno
import io
import os
import struct
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from board.kit.web.logo import logo_file, logo_mark
from tests.unit.webui.portal_caller import Caller, Reply
from webui.logo import can_revert
from webui.server import open_portal


def picture(kind: str = "PNG", size: tuple[int, int] = (800, 100), colour: str = "red") -> bytes:
    out = io.BytesIO()
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", "<script>alert(1)</script>")
    Image.new("RGB", size, colour).save(out, kind, **({"pnginfo": info} if kind == "PNG" else {}))
    return out.getvalue()


def bomb() -> bytes:
    """A PNG of 70 bytes that says it has 400 million pixels."""
    head = b"IHDR" + struct.pack(">IIBBBBB", 20_000, 20_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + head + struct.pack(">I", zlib.crc32(head)) + bytes(4) + b"IDAT" + bytes(40)
    )


def full(number: int) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def put(caller: Caller, body: bytes) -> Reply:
    return caller.call("PUT", "api/logo", "admin", body, "application/octet-stream")


def test_whoever_shares_the_folder_of_the_database_shares_that_of_the_logo(tmp_path: Path) -> None:
    """The host is another user than the portal, and shows the logo, puts it into backups and takes it out of them."""
    made = Caller(tmp_path)
    shared = made.state.database.parent
    shared.chmod(0o2770)
    assert put(made, picture()).status == 200
    folder = made.state.portal_files
    assert folder.stat().st_mode & 0o7777 == 0o2770
    made.close()
    folder.chmod(0o2700)  # as an earlier release made it
    again = open_portal(made.state)[0]
    again.close()
    assert folder.stat().st_mode & 0o7777 == 0o2770


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_becomes_a_small_png_of_its_pixels_and_stands_in_every_page(caller: Caller, kind: str) -> None:
    assert put(caller, picture(kind) + b"<?php evil ?>").status == 200
    content = logo_file(caller.state).read_bytes()
    with Image.open(io.BytesIO(content)) as made:
        assert (made.format, made.size) == ("PNG", (400, 50))
    assert b"script" not in content and b"php" not in content
    assert f'src="/logo.png?{logo_mark(caller.state)}"' in caller.get("live").text


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        (lambda: b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "SVG"),
        (lambda: b"GIF89a" + bytes(40), "no PNG or JPEG"),
        (lambda: picture()[:60], "damaged"),
        (lambda: b"", "no PNG or JPEG"),
        (lambda: picture(size=(8000, 4000)), "8000 x 4000 pixels"),  # made when it is asked for: each worker collects this file
        (bomb, "20000 x 20000 pixels"),
    ],
    ids=["svg", "gif", "cut off", "empty", "too large", "bomb"],
)
def test_what_is_no_picture_is_refused_in_words_and_the_logo_stays(caller: Caller, upload: Callable[[], bytes], said: str) -> None:
    put(caller, picture())
    before = logo_file(caller.state).read_bytes()
    reply = put(caller, upload())
    assert reply.status == 422 and said in reply.json["error"]
    assert logo_file(caller.state).read_bytes() == before


def test_the_logo_of_before_comes_back_and_none_is_ours_again(caller: Caller) -> None:
    assert caller.send("POST", "api/logo/revert", {}).status == 422
    put(caller, picture(colour="red"))
    red = logo_file(caller.state).read_bytes()
    put(caller, picture(colour="blue"))
    assert caller.send("POST", "api/logo/revert", {}).status == 200
    assert logo_file(caller.state).read_bytes() == red
    assert caller.send("DELETE", "api/logo", {}).status == 200
    assert "logo.png" not in caller.get("live").text
    told = [dict(each.after or {})["logo"] for each in caller.portal.store.changes("logo")]
    assert told == ["removed", "reverted", "changed", "changed"]


def test_logos_that_are_sent_at_once_are_all_taken_and_none_is_lost(caller: Caller) -> None:
    """Whose file was renamed by another one's thread was told that the storage takes nothing."""
    pictures = [picture(colour=colour) for colour in ("red", "blue", "green", "black") * 3]
    with ThreadPoolExecutor(len(pictures)) as threads:
        assert {reply.status for reply in threads.map(lambda each: put(caller, each), pictures)} == {200}
        reverts = threads.map(lambda _: caller.send("POST", "api/logo/revert", {}), pictures)
        assert {reply.status for reply in reverts} == {200}
    assert logo_file(caller.state).exists() and can_revert(caller.state)


def test_a_full_disk_leaves_the_logo_where_it_is(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    put(caller, picture(colour="red"))
    red = logo_file(caller.state).read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    assert put(caller, picture(colour="blue")).status >= 400
    assert logo_file(caller.state).read_bytes() == red


@pytest.mark.parametrize("number", [errno.EROFS, errno.ENOSPC, errno.EIO])
def test_a_storage_that_takes_nothing_is_told_as_such(caller: Caller, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    put(caller, picture())

    def refuse(path: Path, target: object) -> None:
        raise OSError(number, os.strerror(number), str(path))

    monkeypatch.setattr(Path, "replace", refuse)
    reply = caller.send("DELETE", "api/logo", {})
    assert (reply.status, reply.json["error"]) == (507, f"the storage takes nothing: {os.strerror(number)}")
