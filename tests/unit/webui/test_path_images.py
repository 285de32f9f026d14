"""Path images: uploaded pictures stand in for the camera of a simulated board; what is refused changes nothing."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from board.camera import open_camera
from board.kit.clock import TestClock
from board.kit.errors import CameraError
from board.kit.settings import SettingsError
from board.pictures import SUFFIXES as PLAYED
from engine.reading.run import _camera_url
from engine.settings import LprSettings
from tests.unit.webui.portal_caller import Caller, Reply
from webui import path_images as module
from webui.api.settings import changed
from webui.path_images import SUFFIXES

PATH = LprSettings(region="Europe", countries=("DE",), connection="PATH")


def picture(colour: str = "red", kind: str = "JPEG", size: tuple[int, int] = (64, 48)) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return out.getvalue()


def put(caller: Caller, name: str, body: bytes) -> Reply:
    return caller.call("PUT", f"api/path-images/{name}", "admin", body, "application/octet-stream")


def names(caller: Caller) -> list[str]:
    return [each["name"] for each in caller.get("api/path-images").json["pictures"]]


def test_uploaded_pictures_are_what_the_camera_shows_by_their_names(caller: Caller) -> None:
    assert put(caller, "b.png", picture("lime", "PNG")).status == 200
    assert put(caller, "a.jpg", picture("red")).json["pictures"][0]["name"] == "a.jpg"
    camera = open_camera(_camera_url(caller.state, PATH), (1280, 960), TestClock())
    try:
        frames = [camera.read(1.0), camera.read(1.0)]
    finally:
        camera.close()
    assert [frame.source for frame in frames if frame] == ["a.jpg", "b.png"]
    red, green = (np.asarray(frame.rgb[0, 0]) for frame in frames if frame)
    assert red[0] > 200 > red[1] and green[1] > 200 > green[0]
    assert set(SUFFIXES) < set(PLAYED)


@pytest.mark.parametrize(
    ("name", "body", "status", "said"),
    [
        ("a.jpg", b"<html>no picture</html>", 422, "this is no picture that can be shown"),
        ("a.jpg", picture()[:100], 422, "this is no picture that can be shown"),
        ("a.jpg", b"", 422, "this is no picture that can be shown"),
        ("a.jpg", picture(size=(6000, 5000)), 422, "too large: 6000x5000"),
        ("a.jpg", picture(size=(4, 4)), 422, "too small: 4x4"),
        ("a.jpg", bytes((16 << 20) + 1), 413, "larger than 16777216 bytes"),
        ("a.txt", picture(), 422, "its name must end in one of .bmp, .jpeg, .jpg"),
        (".a.jpg", picture(), 422, "a file's name has up to 100 letters"),
        ("..", picture(), 422, "a file's name has up to 100 letters"),
        ("<b>.jpg", picture(), 422, "a file's name has up to 100 letters"),
        ("a" * 100 + ".jpg", picture(), 422, "a file's name has up to 100 letters"),
    ],
    ids=["html", "cut off", "empty", "pixels", "tiny", "bytes", "text", "hidden", "parent", "markup", "long"],
)
def test_what_is_refused_says_why_and_what_is_there_stays(caller: Caller, name: str, body: bytes, status: int, said: str) -> None:
    put(caller, "a.jpg", picture("blue"))
    before = (caller.state.path_images / "a.jpg").read_bytes()
    reply = put(caller, name, body)
    assert (reply.status, said in reply.json["error"]) == (status, True), reply.json
    assert [path.name for path in caller.state.path_images.iterdir()] == ["a.jpg"]
    assert (caller.state.path_images / "a.jpg").read_bytes() == before


def test_too_many_are_refused_and_one_of_the_same_name_is_none_more(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_FILES", 2)
    for name in ("a.jpg", "b.jpg", "b.jpg"):
        assert put(caller, name, picture()).status == 200
    refused = put(caller, "c.jpg", picture())
    assert (refused.status, refused.json["error"]) == (409, "There are 2 path images already: remove some first.")
    monkeypatch.setattr(module, "MOST_BYTES_TOGETHER", 100)
    assert "larger than 0 MB" in put(caller, "b.jpg", picture()).json["error"]
    assert names(caller) == ["a.jpg", "b.jpg"]


def test_they_are_removed_but_not_while_they_stand_in_for_the_camera(caller: Caller) -> None:
    for name in ("a.jpg", "b.jpg"):
        put(caller, name, picture())
    caller.portal.store.settings.put(PATH, "admin")
    assert caller.send("DELETE", "api/path-images/c.jpg", {}).status == 404
    assert caller.send("DELETE", "api/path-images/a.jpg", {}).status == 200
    for address in ("api/path-images/b.jpg", "api/path-images"):
        reply = caller.send("DELETE", address, {})
        assert (reply.status, "They stand in for the camera now" in reply.json["error"]) == (409, True)
    caller.portal.store.settings.put(LprSettings(region="Europe", countries=("DE",)), "admin")
    assert caller.send("DELETE", "api/path-images", {}).json["pictures"] == []
    last = caller.portal.store.changes()[0]
    assert (last.subject, last.after) == ("path_images", {"path_images": 0})


def test_path_is_chosen_only_where_there_is_something_to_show(caller: Caller) -> None:
    body = {"region": "Europe", "countries": ["DE"], "connection": "PATH"}
    reply = caller.send("PUT", "api/settings/lpr", body)
    problem = reply.json["problems"][0]
    assert (reply.status, problem["field"], problem["text"]) == (
        422, "connection", "upload path images first: General configuration, Maintenance",
    )  # fmt: skip
    put(caller, "a.jpg", picture())
    assert caller.send("PUT", "api/settings/lpr", body).status == 200


def test_a_real_camera_says_that_it_uses_none(caller: Caller) -> None:
    portal = replace(caller.portal, profile=replace(caller.portal.profile, simulated=False))
    with pytest.raises(SettingsError, match="path images stand in for the camera of a simulated board only"):
        changed(portal, LprSettings, {"region": "Europe", "countries": ["DE"], "connection": "PATH"})
    caller.state.board_file.write_text('{"profile": "pi4", "camera": "", "sd": ""}')
    with pytest.raises(CameraError, match="path images stand in for the camera of a simulated board only"):
        _camera_url(caller.state, PATH)
    with pytest.raises(Exception, match="This camera has a lens of its own"):
        module.PathImages(portal.state, portal.profile).put("a.jpg", picture())
