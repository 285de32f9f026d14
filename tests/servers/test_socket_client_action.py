"""SOCKET CLIENT action over TLS, to a server that is not ours: OpenSSL's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.errors import DeliveryError
from board.kit.settings import check
from engine.actions.socket_client import ACTION, SocketClientOptions
from tests.certificates import make_certificates
from tests.daemons import await_text, find_daemon, free_port, running
from tests.samples import env, event


def test_events_arrive_over_tls_by_the_installers_own_authority_alone(tmp_path: Path) -> None:
    made, port, log = make_certificates(tmp_path), free_port(), tmp_path / "log"
    files = ["-cert", str(made.certificate), "-key", str(made.key)]
    options = {"host": "127.0.0.1", "port": port, "format": "JSON", "tls": True, "timeout_s": 5}
    body = env().message(event(), "JSON").body.decode()
    with running([find_daemon("openssl"), "s_server", "-quiet", "-accept", str(port), *files], log, port):
        for keep in (False, True):
            said = ACTION.deliver(event(), check(SocketClientOptions, {**options, "ca": made.ca, "keep": keep}), env())
            assert str(said) == f"127.0.0.1:{port} took {len(body.encode()) + 1} bytes"
        await_text(log, f"{body}\n{body}\n")
        with pytest.raises(DeliveryError, match="its certificate is not accepted"):
            ACTION.deliver(event(), check(SocketClientOptions, options), env())
