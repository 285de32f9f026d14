"""SYSLOG action: reports the passage to a log server (RFC 5424) by UDP (RFC 5426), TCP (RFC 6587) or TLS (RFC 5425)."""

from __future__ import annotations

import socket
import time
from functools import partial
from typing import TYPE_CHECKING

from board.kit.errors import DeliveryError
from board.kit.settings import Settings, field_validator, option
from board.kit.sockets import in_turn
from board.kit.words import Text, mark
from engine.actions._exchange import Exchange, Host, exchange, place
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._tls import Certificates, ca_option, client_context
from engine.formats.places import check_template, filled, one_line
from engine.formats.syslog import FACILITIES, SEVERITIES, framed, message
from engine.types import PlateEvent

if TYPE_CHECKING:
    import ssl

PORTS = {"udp": 514, "tcp": 514, "tls": 6514}

REFUSAL_S = 0.2
"""How long the network is given to say that nobody listens at a UDP port."""


class SyslogOptions(Settings):
    host: Host = option("192.168.1.10", "Host", "Name or address of the log server.", max_length=253)
    port: int = option(0, "Port", "0: the usual one, 514, or 6514 with TLS.", zero="usual port", ge=0, le=65535)
    protocol: str = option(
        "udp",
        "Protocol",
        "udp: quick, and nobody confirms it; tcp: messages are counted in octets; tls: the same, secured.",
        choices={"udp": "UDP", "tcp": "TCP", "tls": "TLS"},
    )
    ca: Certificates = ca_option({"protocol": ("tls",), "verify_tls": (True,)})
    verify_tls: bool = option(
        True,
        "Check the certificate",
        "tls: refuses a server whose certificate is not valid. Switch off only for a test.",
        when={"protocol": ("tls",)},
    )
    facility: str = option("local0", "Facility", "Where the server files the message.", choices=tuple(FACILITIES))
    severity: str = option("notice", "Severity", "How important the message is.", choices=tuple(SEVERITIES))
    text: str = option(
        "{plate} in {list} at {device}",
        "Text",
        "What people read; {plate}, {list}, {description}, {clock}, {device}, {site} and others are filled in.",
        max_length=500,
    )
    timeout_s: float = option(
        10.0, "Timeout", "Longest wait, from the look-up of the server's name to the end of the message.", unit="s", ge=1, le=60
    )

    @field_validator("text")
    @classmethod
    def _is_text(cls, text: str) -> str:
        return check_template(text)

    @property
    def server(self) -> str:
        return place(self.host, self.real_port)

    @property
    def real_port(self) -> int:
        return self.port or PORTS.get(self.protocol, 514)


def _deliver(event: PlateEvent, options: SyslogOptions, env: ActionEnv) -> Text:
    text = filled(options.text, event, env.device, one_line)
    said = message(event, env.device, options.facility, options.severity, text)
    with exchange(env.network, options.server, options.timeout_s) as it:
        if options.protocol == "udp":
            in_turn(env.network.addresses(options.host, it.end_s), partial(_to, options.real_port, said))
            return Text("sent to {server} by UDP, which nobody confirms", {"server": options.server})
        _by_stream(it, options, framed(said))
        return Text("{server} took it by {protocol}", {"server": options.server, "protocol": options.protocol.upper()})


def _to(port: int, said: bytes, address: str) -> None:
    """OSError when the network says that nobody is there."""
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect((address, port))
        sock.send(said)
        sock.settimeout(REFUSAL_S)
        try:
            sock.recv(1)
        except TimeoutError:
            pass  # no complaint is all that there ever is


def _by_stream(it: Exchange, options: SyslogOptions, said: bytes) -> None:
    """Sends, ends, and waits until the server ends as well: only then has it read everything."""
    with it.connect(options.host, options.real_port) as plain:
        if options.protocol == "tls":
            context = client_context(options.ca, options.verify_tls)
            with context.wrap_socket(plain, server_hostname=options.host) as sock:
                sock.sendall(said)
                _end_tls(it, sock)
            return
        plain.sendall(said)
        plain.shutdown(socket.SHUT_WR)
        _until_end(it, plain)


def _end_tls(it: Exchange, sock: ssl.SSLSocket) -> None:
    import ssl

    sock.settimeout(max(0.01, it.end_s - time.monotonic()))

    try:
        sock.unwrap().close()
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ssl.SSLSyscallError):
        pass  # many a server ends without a word
    except ssl.SSLError as why:
        if why.reason != "APPLICATION_DATA_AFTER_CLOSE_NOTIFY":
            raise


def _until_end(it: Exchange, sock: socket.socket) -> None:
    while True:
        sock.settimeout(max(0.01, it.end_s - time.monotonic()))
        if not sock.recv(4096):
            break
    if it.is_over:
        raise DeliveryError(it.late)


ACTION = ActionKind(
    name="syslog",
    label="SYSLOG",
    purpose=mark("Write to a log server"),
    about=mark("By syslog, over UDP, TCP or TLS."),
    icon="file",
    options=SyslogOptions,
    deliver=_deliver,
    pause_s=(1.0, 60.0),  # mostly of the local network, and soon back
    peer=lambda options: options.server,
)
