"""Discovery: what is answered to whom, over real sockets, read by WSDiscovery's own parser; and how little a stranger gets."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from wsdiscovery.actions import constructProbe, constructResolve
from wsdiscovery.message import createSOAPMessage, parseSOAPMessage
from wsdiscovery.qname import QName
from wsdiscovery.scope import Scope

from board.kit.clock import TestClock
from board.kit.loop import Loop
from engine.vms.onvif import discovery
from engine.vms.onvif.discovery import MOST_PARSED, MOST_TO_ALL, MOST_TO_ONE, WITHIN_S, Discovery, Limits, fits, is_within
from engine.vms.onvif.scopes import address, scopes
from engine.vms.onvif.xml import parse
from tests.onvif_bench import Bench

DN, TDS = "http://www.onvif.org/ver10/network/wsdl", "http://www.onvif.org/ver10/device/wsdl"
D = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
PLACE = "onvif://www.onvif.org"


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ("", True),
        ("<d:Types/>", True),
        ("<d:Types>dn:NetworkVideoTransmitter</d:Types>", True),
        ("<d:Types>\n tds:Device dn:NetworkVideoTransmitter </d:Types>", True),
        ("<d:Types>dn:NetworkVideoDisplay</d:Types>", False),
        ("<d:Types>dn:NetworkVideoTransmitter p:Printer</d:Types>", False),
        ("<d:Types>other:NetworkVideoTransmitter</d:Types>", False),
        ("<d:Types>NetworkVideoTransmitter</d:Types>", False),
        (f"<d:Scopes>{PLACE}</d:Scopes>", True),
        (f"<d:Scopes>{PLACE}/name {PLACE}/Profile/T</d:Scopes>", True),
        ("<d:Scopes>ONVIF://WWW.onvif.org/name/Gate%201</d:Scopes>", True),
        (f"<d:Scopes>{PLACE}/name/Gate</d:Scopes>", False),
        (f"<d:Scopes>{PLACE}/Profile/T {PLACE}/Profile/G</d:Scopes>", False),
        (f"<d:Scopes>{PLACE}/name/..</d:Scopes>", False),
        (f'<d:Scopes MatchBy="{D}/strcmp0">{PLACE}/Profile/T</d:Scopes>', True),
        (f'<d:Scopes MatchBy="{D}/strcmp0">{PLACE}/Profile</d:Scopes>', False),
        (f'<d:Scopes MatchBy="{D}/rfc2396">{PLACE}/Profile {PLACE}/name</d:Scopes>', True),  # WS-Discovery (April 2005), 5.1
        (f'<d:Scopes MatchBy="{D}/rfc2396">{PLACE}/Profile/G</d:Scopes>', False),
        (f'<d:Scopes MatchBy="{D}/ldap">{PLACE}</d:Scopes>', False),
    ],
    ids=range(19),
)
def test_a_probe_is_answered_when_all_its_types_and_scopes_are_ours(tmp_path: Path, inside: str, expected: bool) -> None:
    spaces = f'xmlns:d="{D}" xmlns:dn="{DN}" xmlns:tds="{TDS}" xmlns:p="urn:p" xmlns:other="urn:o"'
    probe = parse(f"<d:Probe {spaces}>{inside}</d:Probe>".encode())
    assert fits(probe, scopes(Bench(tmp_path).camera)) is expected


def test_a_scope_is_within_another_by_whole_parts_of_its_path() -> None:
    assert is_within("onvif://a/b", "onvif://a/b/c") and is_within("onvif://a/b/", "onvif://a/b")
    assert not is_within("onvif://a/b/c", "onvif://a/b") and not is_within("onvif://a/B", "onvif://a/b")
    assert (
        not is_within("onvif://x/b", "onvif://a/b")
        and not is_within("http://a/b", "onvif://a/b")
        and not is_within("", "onvif://a/b")
    )


def test_strangers_get_few_answers_within_a_time_and_more_after_it() -> None:
    clock = TestClock()
    limits = Limits(lambda: clock.monotonic_ns() / 1e9)
    assert [limits.may_answer("10.0.0.1") for _ in range(MOST_TO_ONE + 1)] == [*[True] * MOST_TO_ONE, False]
    others = [limits.may_answer(f"10.0.{number}.2") for number in range(MOST_TO_ALL)]
    assert sum(others) == MOST_TO_ALL - MOST_TO_ONE
    assert [limits.may_read() for _ in range(MOST_PARSED + 1)][-2:] == [True, False]
    clock.advance(WITHIN_S + 0.1)
    assert limits.may_answer("10.0.0.1") and limits.may_read()


def written(envelope: Any) -> bytes:
    """As WSDiscovery sends it."""
    return str(createSOAPMessage(envelope)).encode()


class Camera:
    """Discovery on the loopback, which its interfaces leave out."""

    def __init__(self, root: Path, port: int) -> None:
        self.bench = Bench(root)
        self.loop = Loop()
        self.clock_s = 30.0
        """Of a board that has not heard a time server yet."""
        self.discovery = Discovery(self.loop, self.bench.camera, "", clock_s=lambda: self.clock_s)
        self.discovery.start()
        self.port = port
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.loop.run, args=(self.stop, 0.05, lambda: None))
        self.thread.start()
        self.client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.client.settimeout(20)

    def close(self) -> None:
        self.stop.set()
        self.thread.join()
        self.discovery.close()
        self.loop.close()
        self.client.close()

    def do(self, what: Callable[[], None]) -> None:
        """In the loop's thread; done when this returns."""
        done = threading.Event()
        self.loop.call(lambda: (what(), done.set())[1])
        assert done.wait(20)

    def send(self, message: bytes) -> None:
        self.client.sendto(message, ("127.0.0.1", self.port))

    def answers(self, within_s: float = 0.3) -> list[bytes]:
        """All that come until nothing more does."""
        found = []
        self.client.settimeout(within_s)
        try:
            while True:
                found.append(self.client.recv(8192))
        except TimeoutError:
            return found


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    monkeypatch.setattr(discovery, "PORT", port)
    monkeypatch.setattr(discovery, "_addresses", lambda: [(socket.if_nametoindex("lo"), "127.0.0.1")])
    monkeypatch.setenv("GATEWRIGHT_PORT", "8080")
    made = Camera(tmp_path, port)
    yield made
    made.close()


def test_a_client_of_other_people_reads_what_a_probe_and_a_resolve_bring(camera: Camera) -> None:
    camera.send(written(constructProbe([QName(DN, "NetworkVideoTransmitter")], [Scope(PLACE)])))
    found = parseSOAPMessage(camera.client.recv(8192), "127.0.0.1")
    (match,) = found.getProbeResolveMatches()
    assert match.getXAddrs() == ["http://127.0.0.1:8080/onvif/device_service"]
    assert [(each.getNamespace(), each.getLocalname()) for each in match.getTypes()] == [
        (DN, "NetworkVideoTransmitter"),
        (TDS, "Device"),
    ]
    assert [each.getQuotedValue() for each in match.getScopes()] == list(scopes(camera.bench.camera))
    assert match.getEPR() == address(camera.bench.camera)
    camera.send(written(constructResolve(match.getEPR())))
    (resolved,) = parseSOAPMessage(camera.client.recv(8192), "127.0.0.1").getProbeResolveMatches()
    assert (resolved.getEPR(), resolved.getXAddrs()) == (match.getEPR(), match.getXAddrs())


def test_what_does_not_fit_or_is_no_question_gets_no_answer(camera: Camera) -> None:
    probe = written(constructProbe([QName("urn:p", "Printer")], []))
    other = written(constructResolve("urn:uuid:00000000-0000-0000-0000-000000000000"))
    good = written(constructProbe([], []))
    nonsense = [
        b"",
        b"Probe",
        b"<Probe/>",
        b"<!DOCTYPE a>" + good.partition(b"?>")[2],
        good[:200],
        good.replace(b"MessageID", b"Message"),
        good + b" " * 9000,
    ]
    for message in (probe, other, *nonsense):
        camera.send(message)
    assert camera.answers() == []
    camera.send(good)
    assert len(camera.answers()) == 1


def test_a_flood_of_probes_brings_few_answers(camera: Camera) -> None:
    for _ in range(100):
        camera.send(written(constructProbe([], [])))
    assert len(camera.answers()) == MOST_TO_ONE


def told(camera: Camera) -> tuple[int, int]:
    """(InstanceId, MetadataVersion) of an answer."""
    camera.send(written(constructProbe([], [])))
    answer = parse(camera.client.recv(8192))
    sequence = answer.first("Header", "AppSequence")
    assert sequence is not None
    return int(sequence.attributes["InstanceId"]), int(answer.word("Body", "ProbeMatches", "ProbeMatch", "MetadataVersion"))


def test_another_name_is_a_later_version_of_what_is_told(camera: Camera) -> None:
    """WS-Discovery, 4.1: MetadataVersion is "incremented by a positive value (>= 1) whenever there is a change"."""
    instance, version = told(camera)
    camera.do(camera.discovery.changed)
    assert told(camera) == (instance, version + 1)


def test_once_the_clock_is_set_it_counts_as_begun_later(camera: Camera) -> None:
    """WS-Discovery, appendix I: of two instances the later one counts, and what had begun before a power cut was of 2026."""
    first = told(camera)
    camera.clock_s = 1.8e9
    sock = camera.discovery._sock
    assert sock is not None
    camera.do(lambda: camera.discovery._look(sock))
    now = told(camera)
    assert first == (30, 30) and now[0] > 1_799_000_000 and now[1] == 1_800_000_000
    camera.do(lambda: camera.discovery._look(sock))
    assert told(camera) == now
