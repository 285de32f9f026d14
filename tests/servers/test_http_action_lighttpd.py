"""HTTP action against lighttpd: digest authentication as a server that is not ours asks for it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.errors import PeerRefused
from board.kit.settings import check
from engine.actions.http import ACTION, HttpOptions
from tests.daemons import find_daemon, free_port, running
from tests.samples import env, event

USER, PASSWORD = "gate", "s3cret:päss"

CONFIG = """
server.modules = ("mod_auth", "mod_authn_file")
server.document-root = "{root}"
server.bind = "127.0.0.1"
server.port = {port}
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "{users}"
auth.require = ("/" => ("method" => "digest", "realm" => "lpr", "require" => "valid-user", "algorithm" => "{algorithm}"))
"""


@pytest.fixture(params=[("MD5", "md5"), ("SHA-256", "sha256")], ids=["MD5", "SHA-256"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[int]:
    """Its port."""
    program = find_daemon("lighttpd")
    algorithm, hash_name = request.param
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "lpr").write_text("taken")
    proof = hashlib.new(hash_name, f"{USER}:lpr:{PASSWORD}".encode()).hexdigest()
    (tmp_path / "users").write_text(f"{USER}:lpr:{proof}\n")
    port = free_port()
    config = tmp_path / "lighttpd.conf"
    config.write_text(CONFIG.format(root=tmp_path / "root", port=port, users=tmp_path / "users", algorithm=algorithm))
    with running([program, "-D", "-f", str(config)], tmp_path / "said", port):
        yield port


def test_lighttpd_accepts_our_digest_and_refuses_a_wrong_password(server: int) -> None:
    known = {
        "url": f"http://127.0.0.1:{server}/lpr?plate={{plate}}", "method": "GET", "format": "TEMPLATE", "authentication": "digest",
        "user": USER, "password": PASSWORD,
    }  # fmt: skip
    assert str(ACTION.deliver(event(), check(HttpOptions, known), env())) == f"GET http://127.0.0.1:{server}/lpr answers 200"
    with pytest.raises(PeerRefused, match="answers 401 Unauthorized"):
        ACTION.deliver(event(), check(HttpOptions, {**known, "password": "wrong"}), env())
