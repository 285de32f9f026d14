"""2N action against a server that answers as the device's API does: digest log-in, errors within a yes, images of any size."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import ConfigError, DeliveryError, PeerRefused
from engine.actions.two_n import ACTION, TwoNOptions
from engine.types import PassageImages
from tests.http_peer import Asked, HttpPeer, Reply, http_peer
from tests.samples import ActionPeer, env, event

YES = json.dumps({"success": True}).encode()


def accepts(asked: Asked) -> Reply:
    return 200, {"Content-Type": "application/json"}, YES


def digest(asked: Asked) -> Reply:
    if 'username="gate"' not in asked.headers.get("Authorization", ""):
        return 401, {"WWW-Authenticate": 'Digest realm="HIP", qop="auth", nonce="n1", algorithm=MD5'}, b""
    return accepts(asked)


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    with http_peer(accepts) as server:
        yield ActionPeer({"host": "127.0.0.1", "port": server.port, "tls": False}, env(images=folder), server.stop)


def send(server: HttpPeer, folder: Path, plate: str = "hk-55 evb", **options: Any) -> str:
    values = {"host": "127.0.0.1", "port": server.port, "tls": False, "timeout_s": 2.0, "user": "gate", "password": "s3cret"}
    seen = event(plate, images=PassageImages(plate="plate.jpg"))
    return str(ACTION.deliver(seen, TwoNOptions(**{**values, **options}), env(images=folder)))


def test_the_device_gets_the_plate_as_its_api_wants_it(tmp_path: Path) -> None:
    (tmp_path / "plate.jpg").write_bytes(b"\xff\xd8plate")
    with http_peer(digest) as server:
        assert send(server, tmp_path, access_point="exit") == f"127.0.0.1:{server.port} took hk-55 evb"
        assert send(server, tmp_path)
    first, second = (json.loads(asked.body) for asked in server.got)
    assert server.got[0].path == "/api/lpr/licenseplate"
    assert (first["plateText"], first["accessPoint"], first["lprDir"]) == ("HK55EVB", 1, 2)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", first["lprUuid"])
    assert (first["lprID"], first["lprUuid"], second["accessPoint"]) == (second["lprID"], second["lprUuid"], 0)
    assert base64.b64decode(first["plateImage"]) == b"\xff\xd8plate"


def test_a_picture_that_the_device_would_refuse_or_that_is_gone_is_left_out(tmp_path: Path) -> None:
    with http_peer(accepts) as server:
        send(server, tmp_path)
        (tmp_path / "plate.jpg").write_bytes(b"\xff" * 200_000)
        send(server, tmp_path)
    assert ["plateImage" in json.loads(asked.body) for asked in server.got] == [False, False]


@pytest.mark.parametrize("plate", ["", "A" * 13])
def test_a_plate_that_the_device_cannot_take_is_not_sent(tmp_path: Path, plate: str) -> None:
    with http_peer(accepts) as server, pytest.raises(ConfigError, match="1 to 12 characters"):
        send(server, tmp_path, plate)
    assert server.got == []


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (
            b'{"success": false, "error": {"code": 12, "description": "invalid parameter value"}}',
            "refuses the plate: invalid parameter value",
        ),
        (b'{"success": false, "error": {"description": "a\\nb\\u001b\\ud800c"}}', "refuses the plate: a b  c$"),
        (b"<html>router</html>", "does not answer as a 2N device does"),
        (b"[]", "does not answer as a 2N device does"),
        (b"[" * 4000, "does not answer as a 2N device does"),
    ],
)
def test_a_refusal_within_a_yes_is_one(tmp_path: Path, body: bytes, why: str) -> None:
    with http_peer(lambda asked: (200, {}, body)) as server, pytest.raises(PeerRefused, match=why):
        send(server, tmp_path)


def test_a_wrong_password_is_a_refusal_and_the_password_in_no_text(tmp_path: Path) -> None:
    with (
        http_peer(lambda asked: (401, {"WWW-Authenticate": 'Digest realm="HIP", qop="auth", nonce="n"'}, b"")) as server,
        pytest.raises(PeerRefused, match="answers 401") as why,
    ):
        send(server, tmp_path)
    assert "s3cret" not in str(why.value)


def test_a_device_without_tls_is_not_told_the_password(tmp_path: Path) -> None:
    with http_peer(accepts) as server, pytest.raises(DeliveryError, match="no TLS connection"):
        send(server, tmp_path, tls=True, authentication="basic")
    assert server.got == []
