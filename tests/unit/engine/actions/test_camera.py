"""Camera action: what another camera of the site is told, and that it hears of this one while nothing passes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import ConfigError, PeerRefused
from board.kit.languages import languages
from board.kit.web.app import error_document
from board.kit.words import Language
from engine.actions import camera
from engine.actions.camera import ACTION, LANES, CameraOptions
from engine.types import Decision
from tests.http_peer import Asked, HttpPeer, Reply, http_peer
from tests.samples import ActionPeer, env, event
from tests.waiting import until

VIEW, IN, OUT = LANES


def accepts(asked: Asked) -> Reply:
    return 200, {"Content-Type": "application/json"}, b'{"ok": true}'


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    with http_peer(accepts) as server:
        yield ActionPeer({"host": "127.0.0.1", "port": server.port, "tls": False}, env(images=folder), server.stop)


def options(server: HttpPeer, **values: Any) -> CameraOptions:
    return CameraOptions(**{"host": "127.0.0.1", "port": server.port, "tls": False, "password": "t0ken", **values})


def test_the_other_camera_gets_the_plate_with_its_age_and_who_says_so(tmp_path: Path) -> None:
    with http_peer(accepts) as server:
        surroundings = env(images=tmp_path)
        surroundings.clock.advance(1.5)  # type: ignore[attr-defined]
        assert str(ACTION.deliver(event(), options(server), surroundings)) == f"127.0.0.1:{server.port} took HK55EVB"
    (asked,) = server.got
    assert (asked.path, asked.headers["Authorization"]) == ("/anpr/api/lane/seen", "Bearer t0ken")
    assert json.loads(asked.body) == {
        "camera_id": "gw-0123456789ab", "event_id": "p1", "plate": "HK55EVB", "age_ms": 1500, "lane": "view",
    }  # fmt: skip


@pytest.mark.parametrize(("sees", "age_ms"), [(VIEW, 3_602_000), (IN, 2_000), (OUT, 2_000)])
def test_a_clock_that_was_set_since_makes_a_view_older_and_no_vehicle_that_is_counted(
    sees: str, age_ms: int, tmp_path: Path
) -> None:
    with http_peer(accepts) as server:
        surroundings = env(images=tmp_path)
        surroundings.clock.advance(2)  # type: ignore[attr-defined]
        surroundings.clock._now += timedelta(hours=1)  # type: ignore[attr-defined]
        ACTION.deliver(replace(event(), decision=Decision("opened")), options(server, sees=sees), surroundings)
    assert json.loads(server.got[0].body)["age_ms"] == age_ms


@pytest.mark.parametrize(
    ("sees", "outcome", "plate", "sent"),
    [
        (OUT, "opened", "HK55EVB", 1),
        (IN, "reported", "HK55EVB", 1),
        (IN, "refused", "HK55EVB", 0),
        (OUT, "withheld", "HK55EVB", 0),
        (VIEW, "refused", "HK55EVB", 1),
        (VIEW, "reported", "", 0),
    ],
)
def test_only_vehicles_that_were_let_through_are_told_to_be_counted(tmp_path, sees, outcome, plate, sent) -> None:
    with http_peer(accepts) as server:
        seen = replace(event(plate), decision=Decision(outcome))
        ACTION.deliver(seen, options(server, sees=sees), env(images=tmp_path))
    assert [json.loads(each.body)["lane"] for each in server.got] == [LANES[sees]] * sent


def spoken(code: str) -> Language:
    return next(each for each in languages() if each.code == code)


def test_why_the_other_camera_does_not_want_it_is_told_in_the_language_of_whoever_reads_it_here(tmp_path: Path) -> None:
    why = ConfigError("this camera has the same id, {id}: enter another Camera id in one of the two", id="gw-1")

    def refuses(asked: Asked) -> Reply:
        return 409, {"Content-Type": "application/json"}, json.dumps(error_document(why, spoken("en"))).encode()

    with http_peer(refuses) as server, pytest.raises(PeerRefused) as refused:
        ACTION.deliver(event(), options(server), env(images=tmp_path))
    there = f"127.0.0.1:{server.port}"
    assert str(refused.value) == f"{there} answers: {why}"
    german = refused.value.text.said(spoken("de").translate)
    assert german == f"{there} antwortet: {why.text.said(spoken('de').translate)}" != str(refused.value)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error": "a\\nb\\ud800c", "key": "a\\nb\\ud800c", "values": {}}',
        b'{"error": "", "key": "{why}", "values": {"why": "a\\nb\\ud800c"}}',
        b'{"error": "a\\nb\\ud800c", "key": "{why}", "values": {"why": []}}',
    ],
)
def test_what_another_camera_says_is_one_line_that_can_be_stored(body: bytes, tmp_path: Path) -> None:
    with http_peer(lambda asked: (409, {}, body)) as server, pytest.raises(PeerRefused) as refused:
        ACTION.deliver(event(), options(server), env(images=tmp_path))
    assert str(refused.value) == f"127.0.0.1:{server.port} answers: a b c"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"<html>", b"[]", b"[" * 4000,
        b'{"key": "{a:999999999}", "values": {"a": 1}}', b'{"key": "{a.b}", "values": {"a": 1}}',
        b'{"key": "{a.b}", "values": {"a.b": 1}}', b'{"key": "{a[b]}", "values": {"a[b]": 1}}', b'{"key": "{}", "values": {"": 1}}',
        b'{"key": "{0}", "values": {"0": 1}}',
    ],
)  # fmt: skip
def test_what_is_no_camera_of_ours_is_told_by_its_status(body: bytes, tmp_path: Path) -> None:
    with http_peer(lambda asked: (409, {}, body)) as server, pytest.raises(PeerRefused) as refused:
        ACTION.deliver(event(), options(server), env(images=tmp_path))
    assert str(refused.value) == f"http://127.0.0.1:{server.port}{camera.PATH} answers 409 Conflict"


def test_it_says_that_it_is_there_while_a_rule_uses_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(camera, "HEARTBEAT_S", 0.02)
    assert ACTION.open is not None
    with http_peer(accepts) as server, ACTION.open("", env(images=tmp_path)) as heart:
        ACTION.use(heart, (options(server), options(server, sees=OUT)), env(images=tmp_path))
        until(lambda: len(server.got) > 1, "two heartbeats")
    assert {each.body for each in server.got} == {b'{"camera_id": "gw-0123456789ab"}'}
