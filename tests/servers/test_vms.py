"""vms as a real process: snapshots over its socket, behind the host's people, with a service that comes and goes."""

from __future__ import annotations

import base64
import hashlib
import http.client
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest

from board.kit.clients import read_clients
from board.kit.clock import Clock
from board.kit.errors import WireError
from board.kit.people import CheckDigest
from board.kit.sockets import short_address
from board.kit.state import State
from board.kit.web.heads import MAX_HEAD_BYTES
from board.kit.wire import Codec, connect
from engine.log_in import NONCE_S, Nonces, parameters, user_of
from engine.messages import SERVICE_MESSAGES, EngineHello, PassageReport, PassageStored, RulesChanged, SettingsChanged, UseZone
from engine.settings import GeneralSettings, RecorderSettings
from engine.store import DeliveryQuery, Store
from engine.types import Passage, PassageImages
from engine.vms.access import Uses
from engine.vms.http import MAX_BODY_BYTES
from firmware.people.device_passwords import DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.tokens import Tokens
from firmware.people.who import Who, WhoServer
from tests import onvif_client
from tests.samples import ALL, passage, rule
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 20.0
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PICTURE = "/LPR/2026010203040501.jpg"
ONVIF = "/onvif/device_service"

T = TypeVar("T")


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("camera", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(PATIENCE_S)
        with short_address(self._path) as name:
            self.sock.connect(name)


class Stack:
    def __init__(self, root: Path) -> None:
        self.state = State(root)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.recorders = RecorderSettings()
        self.put()
        self.devices = DevicePasswords(root, Clock())
        self.user, self.password = self._device("onvif")
        self.who = WhoServer(
            self.state.people_socket, Who(self.devices, Tokens(root, lambda name: None, Clock()), Guesses(Clock()), Clock())
        )

    def _device(self, use: str) -> tuple[str, str]:
        device, password = self.devices.make(use, f"Recorder {use}", "admin")
        return device.user, password

    def put(self, **changes: object) -> None:
        self.recorders = self.recorders.model_copy(update=changes)
        store = Store(self.state.database, Clock())
        store.settings.put(GeneralSettings(trigger_port=0, keep_free_pct=1), "admin")
        store.settings.put(self.recorders, "admin")
        store.close()

    def start(self, name: str) -> None:
        self.processes[name] = subprocess.Popen([sys.executable, "-m", "engine", name, "--state", str(self.state.root)], cwd=ROOT)

    def ask_service(self, *messages: object) -> object:
        """The answer to the last message."""
        channel = connect(self.state.service_socket, Codec(SERVICE_MESSAGES))
        try:
            for message in messages:
                channel.send(message)
            while isinstance(answer := channel.receive(PATIENCE_S), UseZone):
                pass  # an engine is told so whenever it comes
            return answer
        finally:
            channel.close()

    def report(self, id: str, picture: bytes, at: datetime = AT) -> None:
        self.state.images.mkdir(parents=True, exist_ok=True)
        (self.state.images / f"{id}.jpg").write_bytes(picture)
        one = replace(passage(id=id, at=at, monotonic_ns=time.monotonic_ns()), images=PassageImages("", f"{id}.jpg"))
        until(lambda: self._stored(one), "the passage")

    def _stored(self, one: Passage) -> bool:
        try:
            return self.ask_service(EngineHello(1), PassageReport(one)) == PassageStored(one.id)
        except WireError:
            return False  # the service is not there yet

    def get(self, path: str = PICTURE, method: str = "GET", **headers: str) -> tuple[int, bytes, Mapping[str, str]]:
        connection = _Connection(self.state.vms_socket)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        body = reply.read()
        connection.close()
        return reply.status, body, {name: ", ".join(reply.headers.get_all(name, [])) for name in reply.headers}

    def basic(self, user: str, password: str) -> str:
        return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"

    def digest(self, algorithm: str, uri: str = PICTURE, password: str = "", method: str = "GET") -> str:
        challenges = self.get()[2]["WWW-Authenticate"]
        nonce = parameters(challenges)["nonce"]

        def h(text: str) -> str:
            return hashlib.new({"MD5": "md5", "SHA-256": "sha256"}[algorithm], text.encode()).hexdigest()

        ha1, ha2 = h(f"{self.user}:Gatewright:{password or self.password}"), h(f"{method}:{uri}")
        response = h(f"{ha1}:{nonce}:00000001:abc:auth:{ha2}")
        return (
            f'Digest username="{self.user}", realm="Gatewright", nonce="{nonce}", uri="{uri}", response="{response}", '
            f'algorithm={algorithm}, qop=auth, nc=00000001, cnonce="abc"'
        )


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path)
    made.who.start()
    made.start("service")
    made.start("vms")
    until(lambda: made.state.vms_socket.exists() and made.state.beat("service").exists(), "both processes")
    yield made
    codes = {}
    for name, process in made.processes.items():
        if process.poll() is None:
            process.terminate()
        codes[name] = process.wait(PATIENCE_S)
    made.who.close()
    assert not [name for name, code in codes.items() if code not in (0, -signal.SIGKILL)], codes


def test_the_newest_pictures_are_there_for_a_device_password_and_for_people_whom_the_host_knows(stack: Stack) -> None:
    stack.report("p1", b"JPEG one")
    known = {"X_Gatewright_Permissions": "review,view"}
    until(lambda: stack.get(**known)[0] == 200, "the picture")
    status, body, headers = stack.get(**known)
    assert (status, body, headers["Content-Type"]) == (200, b"JPEG one", "image/jpeg")
    assert stack.get(Authorization=stack.basic(stack.user, stack.password))[:2] == (200, b"JPEG one")
    assert stack.get(Authorization=stack.digest("MD5"))[:2] == (200, b"JPEG one")
    assert stack.get(Authorization=stack.digest("SHA-256"))[:2] == (200, b"JPEG one")
    whole = f"http://camera:8080{PICTURE}"  # as some recorders, and who asks through a proxy
    assert stack.get(Authorization=stack.digest("MD5", uri=whole))[:2] == (200, b"JPEG one")
    assert stack.get(whole, Authorization=stack.digest("MD5", uri=whole))[:2] == (200, b"JPEG one")
    assert stack.get(method="HEAD", **known)[1:] == (b"", {**headers})
    assert stack.get("/LPR/2026010203040502.jpg", **known)[0] == 404
    stack.report("p2", b"JPEG two")
    until(lambda: stack.get("/LPR/2026010203040502.jpg", **known)[1] == b"JPEG two", "the next picture")


def test_nobody_else_gets_them(stack: Stack) -> None:
    stack.report("p1", b"JPEG one")
    until(lambda: stack.get(X_Gatewright_Permissions="review")[0] == 200, "the picture")
    status, body, headers = stack.get()
    assert (status, b"JPEG" in body) == (401, False)
    assert [word for word in headers["WWW-Authenticate"].split() if word in ("Basic", "Digest")] == ["Digest", "Digest", "Basic"]
    user, password = stack._device("ftp")
    other = PICTURE.replace("01.jpg", "02.jpg")
    for authorization in (
        stack.basic(stack.user, "wrong"),
        stack.basic(user, password),
        stack.digest("MD5", password="wrong"),
        stack.digest("MD5", uri=other),
        stack.digest("MD5", uri=f"http://camera{other}"),
        stack.digest("MD5").replace('nonce="', 'nonce="1'),
        "Basic ****",
        "Bearer none",
        "Digest",
    ):
        assert stack.get(Authorization=authorization)[0] == 401, authorization
    assert stack.get(X_Gatewright_Permissions="view")[0] == 401


def test_the_log_in_is_switched_off_and_on_at_once(stack: Stack) -> None:
    stack.report("p1", b"JPEG one")
    stack.put(snapshots_login=False)
    stack.ask_service(SettingsChanged())
    until(lambda: stack.get()[:2] == (200, b"JPEG one"), "the picture without a log-in")
    stack.put(snapshots_login=True)
    stack.ask_service(SettingsChanged())
    until(lambda: stack.get()[0] == 401, "the log-in")


def test_what_is_no_request_for_a_picture_is_answered_and_others_go_on(stack: Stack) -> None:
    assert stack.get("/anpr/")[0] == 404
    assert stack.get(method="POST")[0] == 405
    slow = _Connection(stack.state.vms_socket)
    slow.connect()
    assert slow.sock is not None
    slow.sock.sendall(b"GET /LPR/")
    for nonsense in (
        b"\x16\x03\x01\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /LPR/ HTTP/1.1\r\nno header\r\n\r\n",
        b"A" * (MAX_HEAD_BYTES + 1),
    ):
        rude = _Connection(stack.state.vms_socket)
        rude.connect()
        assert rude.sock is not None
        rude.sock.sendall(nonsense)
        assert rude.sock.recv(100).startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 431 "))
        rude.close()
    assert stack.get("/LPR/x.jpg", X_Gatewright_Permissions="review")[0] == 404
    slow.close()


def test_it_beats_outlives_the_service_and_ends_on_sigterm(stack: Stack) -> None:
    stack.report("p1", b"JPEG one")
    known = {"X_Gatewright_Permissions": "review"}
    until(lambda: stack.get(**known)[0] == 200, "the picture")
    stack.processes["service"].kill()
    stack.processes["service"].wait(PATIENCE_S)
    assert stack.get(**known)[:2] == (200, b"JPEG one")
    beat = stack.state.beat("vms")
    until(beat.exists, "a heartbeat")
    before = beat.stat().st_mtime_ns
    until(lambda: beat.stat().st_mtime_ns > before, "the next heartbeat")
    stack.start("service")
    stack.report("p2", b"JPEG two")
    until(lambda: stack.get("/LPR/2026010203040502.jpg", **known)[1] == b"JPEG two", "what the new service pushes")
    stack.processes["vms"].terminate()
    assert stack.processes["vms"].wait(PATIENCE_S) == 0
    assert not stack.state.vms_socket.exists()


def test_a_nonce_is_ours_and_young(monkeypatch: pytest.MonkeyPatch) -> None:
    nonces = Nonces()
    nonce = nonces.new()
    assert (nonces.fresh(nonce), Nonces().fresh(nonce), nonces.fresh(""), nonces.fresh("0.x")) == (True, False, False, False)
    later_s = time.monotonic() + NONCE_S + 2
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    assert nonces.fresh(nonce) is False


@pytest.mark.parametrize(
    ("authorization", "user"),
    [
        ('Digest realm="x", username="onvif-ab12", uri="/"', "onvif-ab12"),
        ("basic " + base64.b64encode(b"onvif-ab12:a:b").decode(), "onvif-ab12"),
        ("Basic ?", ""),
        ("Bearer gw_x", ""),
        ("", ""),
    ],
)
def test_the_user_of_a_log_in_is_the_device_passwords(authorization: str, user: str) -> None:
    assert user_of(authorization) == user


def _onvif(stack: Stack, body: bytes, path: str = ONVIF, **headers: str) -> tuple[int, bytes]:
    connection = _Connection(stack.state.vms_socket)
    connection.request("POST", path, body, {**onvif_client.HEADERS, **headers})
    reply = connection.getresponse()
    said = reply.read()
    connection.close()
    return reply.status, said


def test_an_onvif_client_logs_in_with_a_token_or_by_digest_and_each_of_them_counts_once(stack: Stack) -> None:
    ask = "<tds:GetDeviceInformation/>"
    until(lambda: _onvif(stack, b"x")[0] == 400, "the settings")
    assert _onvif(stack, onvif_client.envelope("<tds:GetSystemDateAndTime/>"))[0] == 200
    assert _onvif(stack, b"")[0] == 401
    assert _onvif(stack, b"", Authorization=stack.digest("MD5", uri=ONVIF, method="POST"))[0] == 400
    assert _onvif(stack, onvif_client.envelope(ask))[0] == 401
    by_token = onvif_client.envelope(ask, onvif_client.token(stack.user, stack.password))
    status, body = _onvif(stack, by_token)
    assert (status, b"<tds:Manufacturer>Gatewright</tds:Manufacturer>" in body) == (200, True)
    assert _onvif(stack, by_token)[0] == 400
    assert _onvif(stack, onvif_client.envelope(ask, onvif_client.token(stack.user, "wrong")))[0] in (400, 429)
    by_digest = stack.digest("MD5", uri=ONVIF, method="POST")
    assert _onvif(stack, onvif_client.envelope(ask), Authorization=by_digest)[0] == 200
    assert _onvif(stack, onvif_client.envelope(ask), Authorization=by_digest)[0] == 401
    session = {"X-Gatewright-Permissions": "view,open,review"}
    assert _onvif(stack, onvif_client.envelope(ask), **session)[0] == 401
    both = onvif_client.envelope(ask, onvif_client.token(stack.user, stack.password))
    assert _onvif(stack, both, Authorization=stack.digest("SHA-256", uri=ONVIF, method="POST"))[0] == 200
    both = onvif_client.envelope(ask, onvif_client.token(stack.user, stack.password))
    assert _onvif(stack, both, Authorization=by_digest)[0] == 401
    assert _onvif(stack, both, Authorization=stack.digest("MD5", uri=ONVIF, method="POST"))[0] == 200
    both = onvif_client.envelope(ask, onvif_client.token(stack.user, stack.password))
    assert _onvif(stack, both, Authorization=stack.digest("MD5", uri=ONVIF, method="POST", password="wrong"))[0] in (401, 429)


def test_a_request_that_is_too_large_is_refused_and_one_that_comes_in_pieces_is_answered(stack: Stack) -> None:
    assert _onvif(stack, b" " * (MAX_BODY_BYTES + 1))[0] == 413
    body = onvif_client.envelope("<tds:GetServices/>")
    until(lambda: _onvif(stack, body)[0] == 200, "the settings")
    slow = _Connection(stack.state.vms_socket)
    slow.connect()
    assert slow.sock is not None
    head = f"POST {ONVIF} HTTP/1.1\r\nHost: a\r\nContent-Type: text/xml\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    for piece in (head[:20], head[20:], body[:100], body[100:]):
        slow.sock.sendall(piece)
        time.sleep(0.02)
    assert slow.sock.recv(20).startswith(b"HTTP/1.1 200 OK")
    slow.close()


def test_a_digest_counts_once_for_each_count_of_the_client(monkeypatch: pytest.MonkeyPatch) -> None:
    uses = Uses()
    one = CheckDigest("onvif", "a", "Gatewright", "n", "/", "", "POST", "", qop="auth", nc="0000000A")
    counted = [uses.first(replace(one, nc=count)) for count in ("0000000A", "0000000b", "0000000a", "0000000B")]
    bare = [uses.first(replace(one, qop="", nc=count)) for count in ("1", "2")]
    assert (counted, bare, uses.first(replace(one, nonce="m"))) == ([True, True, False, False], [True, False], True)
    monkeypatch.setattr("engine.vms.access.MOST_USES", 8)
    few = Uses()
    others = [replace(one, user="b", nonce=str(number)) for number in range(20)]
    assert (few.first(one), all(map(few.first, others)), few.first(one)) == (True, True, False), "b pushes out b's alone"
    later_s = time.monotonic() + NONCE_S + 2
    monkeypatch.setattr(time, "monotonic", lambda: later_s)
    assert uses.first(one) is True  # its nonce has become too old meanwhile


class _Puller:
    """An ONVIF client with a pull point for plates."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        policy = "<tev:SubscriptionPolicy><tev:ChangedOnly/></tev:SubscriptionPolicy>"
        made = self._ask(f"<tev:CreatePullPointSubscription>{policy}</tev:CreatePullPointSubscription>")
        (self._path,) = re.findall(r"<wsa:Address>http://192.168.0.9(/onvif/event_service/\w+)</wsa:Address>", made)

    def one(self) -> tuple[str, str, str]:
        """The next message about a passage: topic, picture, id."""
        said = self._ask(
            "<tev:PullMessages><tev:Timeout>PT20S</tev:Timeout><tev:MessageLimit>1</tev:MessageLimit></tev:PullMessages>"
        )
        ((topic, picture, event_id),) = re.findall(
            r'tns1:RuleEngine/(\w+)/.*?Value="(\S*/LPR/\d+\.jpg)".*?Name="EventId" Value="(\w+)"', said
        )
        return topic, picture, event_id

    def _ask(self, body: str) -> str:
        sent = onvif_client.envelope(body, onvif_client.token(self._stack.user, self._stack.password))
        return _onvif(self._stack, sent, getattr(self, "_path", "/onvif/event_service"), Host="192.168.0.9")[1].decode()


def test_an_onvif_client_pulls_the_passages_of_now_with_their_pictures_each_once(stack: Stack) -> None:
    stack.report("before", b"JPEG")
    until(lambda: _onvif(stack, b"x")[0] == 400, "the settings")
    client = _Puller(stack)
    told = []
    for id in ("p1", "p2"):
        stack.report(id, b"JPEG")
        told += [client.one(), client.one()]
    assert told == [
        ("Recognition", "http://192.168.0.9/LPR/2026010203040502.jpg", "p1"),
        ("LicensePlateDetector", "/LPR/2026010203040502.jpg", "p1"),
        ("Recognition", "http://192.168.0.9/LPR/2026010203040503.jpg", "p2"),
        ("LicensePlateDetector", "/LPR/2026010203040503.jpg", "p2"),
    ]

    def shown() -> list[tuple[str, str, str]]:
        found = [each for server in read_clients(stack.state) if server.server == "onvif" for each in server.clients]
        return [(each.user, each.sent, each.answered) for each in found]

    until(lambda: shown() == [("Recorder onvif", "PullMessages", "HK55EVB")], "the client on the page")


def test_by_an_action_only_its_passages_are_told_and_audit_says_to_how_many_clients(stack: Stack) -> None:
    until(lambda: _onvif(stack, b"x")[0] == 400, "the settings")
    stack.put(onvif_events="by an action", snapshots_login=False)
    stack.ask_service(SettingsChanged())
    until(lambda: stack.get()[0] == 404, "the new settings")
    client = _Puller(stack)
    stack.report("p1", b"JPEG")
    with closing(Store(stack.state.database, Clock())) as store:
        store.rules.save(rule(ALL, kind="onvif", name="VMS", topics="standard"), "admin")
    stack.ask_service(RulesChanged())
    at = datetime.now(UTC)
    stack.report("p2", b"JPEG", at)
    assert client.one() == ("Recognition", f"http://192.168.0.9/LPR/{at:%Y%m%d%H%M%S}01.jpg", "p2")

    def notes() -> list[str]:
        with closing(Store(stack.state.database, Clock())) as store:
            return [str(one.delivery.note) for one in store.deliveries(DeliveryQuery(kind="onvif", state="done"))]

    assert until(notes, "the delivery") == ["1 ONVIF client gets RuleEngine/Recognition/LicensePlate"]
