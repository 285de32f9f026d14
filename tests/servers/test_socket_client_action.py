"""SOCKET CLIENT action over TLS, to a server that is not ours: OpenSSL's own."""

from __future__ import annotations

import socket
import ssl
from pathlib import Path

import pytest

from board.kit.errors import DeliveryError
from board.kit.settings import check
from engine.actions.socket_client import ACTION, SocketClientOptions
from engine.types import PassageImages
from tests.certificates import make_certificates
from tests.daemons import await_text, find_daemon, free_port, running
from tests.samples import env, event
from tests.talker import talker


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


def test_a_server_that_ends_the_connection_is_not_said_to_speak_no_tls(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made.certificate, made.key)
    (tmp_path / "full.jpg").write_bytes(bytes(8_000_000))

    def talk(peer: socket.socket) -> None:
        with context.wrap_socket(peer, server_side=True) as secured:
            secured.recv(1000)

    with talker(talk) as port, pytest.raises(DeliveryError, match=f"^127.0.0.1:{port}: it ended the connection$"):
        options = {"host": "127.0.0.1", "port": port, "format": "XML_IMG", "tls": True, "ca": made.ca}
        ACTION.deliver(event(images=PassageImages("full.jpg", "")), check(SocketClientOptions, options), env(images=tmp_path))
