"""SYSLOG action: the exact message of RFC 5424, its framing, and servers that end, stay silent or are not there."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from board.kit.errors import ConfigError, DeliveryError, PeerAway
from board.kit.settings import check
from engine.actions.syslog import ACTION, SyslogOptions
from engine.formats.event import Device
from engine.formats.syslog import MOST_VALUE, framed, message
from engine.network import Network
from engine.types import Decision, Match, PlateEvent, PlateList
from tests.samples import DEVICE, ActionPeer, entry, env, event, passage


class Collector:
    """Takes one message a connection, until it is closed."""

    def __init__(self, ends: bool = True) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.got: list[bytes] = []
        self.ends = ends
        self.release = threading.Event()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                data = b""
                while chunk := peer.recv(4096):
                    data += chunk
                self.got.append(data)
                if not self.ends:
                    self.release.wait(20)

    def close(self) -> None:
        self.release.set()
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # closed before
        self.listener.close()
        self.thread.join()


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    """A collector at a TCP port."""
    collector = Collector()
    options = {"host": "127.0.0.1", "port": collector.port, "protocol": "tcp"}
    yield ActionPeer(options, env(images=folder), collector.close)
    collector.close()


def send(**options: object) -> str:
    return str(ACTION.deliver(event(), check(SyslogOptions, {"host": "127.0.0.1", **options}), env()))


LINE = (
    b"<133>1 2026-01-02T03:04:05.000Z gw-0123456789ab gatewright - passage "
    b'[passage@32473 event_id="p1" event="plate" camera_id="gw-0123456789ab" '
    b'camera_name="Gate north" site="Depot" plate="HK55EVB" confidence="93.4" country="DE" lane="0" direction="approach" '
    b'list="WHITELIST" role="white"] \xef\xbb\xbfHK55EVB in WHITELIST at Gate north'
)


def test_a_message_is_that_of_rfc_5424() -> None:
    assert message(event(), DEVICE, "local0", "notice", "HK55EVB in WHITELIST at Gate north") == LINE
    assert message(event(), DEVICE, "user", "alert", "x").startswith(b"<9>1 ")
    assert message(event(), DEVICE, "local7", "debug", "x").startswith(b"<191>1 ")


def test_over_tcp_it_is_counted_in_octets() -> None:
    collector = Collector()
    assert send(port=collector.port, protocol="tcp") == f"127.0.0.1:{collector.port} took it by TCP"
    collector.close()
    assert collector.got == [b"%d " % len(LINE) + LINE]
    assert framed("é".encode()) == b"2 \xc3\xa9"


def test_over_udp_it_is_one_datagram() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(20)
        port = sock.getsockname()[1]
        assert send(port=port) == f"sent to 127.0.0.1:{port} by UDP, which nobody confirms"
        assert sock.recv(65536) == LINE


def test_over_udp_a_server_is_found_at_any_address_of_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the first one was tried, of IPv6 as a rule, where many a log server does not listen."""
    monkeypatch.setattr(Network, "addresses", lambda self, host, end_s: ["::1", "127.0.0.1"])
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(20)
        send(host="logs.example", port=listener.getsockname()[1])
        assert listener.recv(65_536) == LINE


def test_a_udp_port_where_nobody_listens_is_told() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    with pytest.raises(DeliveryError, match=f"^127.0.0.1:{port}: no answer .Connection refused.$"):
        send(port=port)


def test_no_text_ends_the_message_or_its_data() -> None:
    nasty = '"] <1>1 x\r\n\x00]\\"ü'
    match = Match(PlateList(4, nasty, "white"), entry("A1", description="first\nsecond"))
    seen = PlateEvent(passage(nasty), (match,), match, Decision("opened"))
    said = message(seen, Device("gw 1\n", nasty, nasty, DEVICE.zone), "local0", "notice", f"{nasty} x")
    text = said.decode()
    assert not any(each in text for each in "\r\n\x00")
    assert text.startswith("<133>1 2026-01-02T03:04:05.000Z gw1 gatewright - passage [passage@32473 ")
    escaped = '\\"\\] <1>1 x  \ufffd\\]\\\\\\"ü'
    assert f' plate="{escaped}"' in text and f' list="{escaped}"' in text and ' decision="opened"' in text


def test_a_long_value_is_cut() -> None:
    assert f'plate="{"A" * MOST_VALUE}" '.encode() in message(event("A" * 5000), DEVICE, "local0", "notice", "x")


def test_a_server_that_does_not_end_is_tried_again() -> None:
    collector = Collector(ends=False)
    with pytest.raises(DeliveryError, match=f"^127.0.0.1:{collector.port}: no answer in 1 s$"):
        send(port=collector.port, protocol="tcp", timeout_s=1)
    collector.close()


def test_the_camera_itself_is_not_reached() -> None:
    barred = replace(env(), network=Network(lambda: ()))
    for protocol in ("udp", "tcp"):
        with pytest.raises(ConfigError, match="actions may not reach it"):
            ACTION.deliver(event(), SyslogOptions(host="127.0.0.1", protocol=protocol), barred)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1", "fe80::1%lo"])
def test_a_name_that_leads_to_nobody_just_now_is_tried_again(monkeypatch: pytest.MonkeyPatch, protocol: str, address: str) -> None:
    """A router without its line answers so, or a server is known by its link-local address alone: the event was given up."""
    monkeypatch.setattr(Network, "_look_up", lambda self, host, end_s: [address])
    barred = replace(env(), network=Network(lambda: ()))
    with pytest.raises(PeerAway, match=r"^logs\.example is the camera itself"):
        ACTION.deliver(event(), SyslogOptions(host="logs.example", protocol=protocol), barred)


@pytest.mark.parametrize(
    ("options", "server"),
    [
        ({"host": "log.example"}, "log.example:514"),
        ({"host": "log.example", "protocol": "tls"}, "log.example:6514"),
        ({"host": "[2001:db8::1]", "port": 1514}, "[2001:db8::1]:1514"),
    ],
)
def test_a_peer_is_host_and_port(options: dict[str, object], server: str) -> None:
    assert ACTION.peer(check(SyslogOptions, options)) == server


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"host": "a b"}, "Host: must be a host name"),
        ({"host": "http://x"}, "Host: must be a host name"),
        ({"text": "{nobody}"}, r"Text: there is no \{nobody\}"),
        ({"ca": "x"}, "Certificate of the authority: is not a certificate"),
        ({"ca": "-----BEGIN PRIVATE KEY-----"}, "Certificate of the authority: has a private key in it"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        check(SyslogOptions, options)
