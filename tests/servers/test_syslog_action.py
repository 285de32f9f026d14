"""SYSLOG action against syslog-ng: over UDP, octet-counted TCP and TLS it reads every part of our messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from board.kit.errors import DeliveryError
from board.kit.settings import check
from engine.actions.syslog import ACTION, SyslogOptions
from tests.certificates import Certificates, make_certificates
from tests.daemons import await_text, find_daemon, free_port, running
from tests.samples import entry, env, event

CONFIG = """
@version: 3.38
source s {{
  network(transport("udp") ip("127.0.0.1") port({udp}) flags(syslog-protocol));
  syslog(transport("tcp") ip("127.0.0.1") port({tcp}));
  syslog(transport("tls") ip("127.0.0.1") port({tls}) tls(key-file("{key}") cert-file("{certificate}") peer-verify(no)));
}};
destination d {{
  file("{out}" template("${{S_ISODATE}}|${{FACILITY}}|${{PRIORITY}}|${{HOST}}|${{PROGRAM}}|${{MSGID}}\
|${{.SDATA.passage@32473.plate}}|${{.SDATA.passage@32473.site}}|${{MSG}}\\n") template-escape(no));
}};
options {{ keep-hostname(yes); use-dns(no); }};
log {{ source(s); destination(d); }};
"""


@dataclass(frozen=True, slots=True)
class LogServer:
    ports: dict[str, int]
    out: Path
    certificates: Certificates


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LogServer]:
    program = find_daemon("syslog-ng")
    made = make_certificates(tmp_path)
    ports = {name: free_port() for name in ("udp", "tcp", "tls")}
    out = tmp_path / "out.log"
    config = tmp_path / "syslog-ng.conf"
    config.write_text(CONFIG.format(**ports, key=made.key, certificate=made.certificate, out=out))
    command = [program, "-F", "-f", str(config), "--no-caps"]
    command += ["-R", str(tmp_path / "persist"), "-p", str(tmp_path / "pid"), "-c", str(tmp_path / "control")]
    with running(command, tmp_path / "said", ports["tcp"], ports["tls"]):
        yield LogServer(ports, out, made)


@pytest.mark.parametrize(
    ("protocol", "note"),
    [("udp", "sent to {} by UDP, which nobody confirms"), ("tcp", "{} took it by TCP"), ("tls", "{} took it by TLS")],
)
def test_syslog_ng_reads_every_part(server: LogServer, protocol: str, note: str) -> None:
    port = server.ports[protocol]
    options = check(
        SyslogOptions,
        {
            "host": "127.0.0.1", "port": port, "protocol": protocol, "ca": server.certificates.ca, "facility": "local3",
            "severity": "warning", "text": "{plate}: {description}",
        },
    )  # fmt: skip
    seen = event('A]"1', listed=entry("A1", description="Müller\n車"))
    assert str(ACTION.deliver(seen, options, env())) == note.format(f"127.0.0.1:{port}")
    line = await_text(server.out, "Müller").rstrip("\n")
    assert line.split("|") == [
        "2026-01-02T03:04:05+00:00", "local3", "warning", "gw-0123456789ab", "gatewright", "passage", 'A]"1', "Depot",
        'A]"1: Müller 車',
    ]  # fmt: skip


def test_a_server_whose_authority_is_not_known_gets_nothing(server: LogServer) -> None:
    options = SyslogOptions(host="127.0.0.1", port=server.ports["tls"], protocol="tls")
    with pytest.raises(DeliveryError, match=r"its certificate is not accepted \(unable to get local issuer certificate\)"):
        ACTION.deliver(event(), options, env())
    unchecked = options.model_copy(update={"verify_tls": False})
    assert str(ACTION.deliver(event(), unchecked, env())).endswith("took it by TLS")
    assert await_text(server.out, "HK55EVB").count("\n") == 1


def test_a_server_that_does_not_speak_tls_is_told(server: LogServer) -> None:
    options = SyslogOptions(host="127.0.0.1", port=server.ports["tcp"], protocol="tls", timeout_s=5)
    with pytest.raises(DeliveryError, match=r"127\.0\.0\.1:\d+: (no TLS connection|no answer|it ended)"):
        ACTION.deliver(event(), options, env())
