"""HTTP action: what its options say of themselves; tests/servers/test_http_action.py talks to servers."""

from __future__ import annotations

import gc
import socket
import ssl
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import check
from engine.actions import ActionKind, _http, milestone, vast2
from engine.actions._exchange import Bounded, Exchange
from engine.actions._http import Login, Request, public_address
from engine.actions.http import ACTION, HttpOptions
from engine.network import Network
from tests.http_peer import Asked, Reply, http_peer
from tests.samples import ActionPeer, env, event

pytestmark = pytest.mark.usefixtures("leak_free")


class Taker(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    """A server that takes everything, until it is closed."""
    server = HTTPServer(("127.0.0.1", 0), Taker)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()

    def close() -> None:
        server.shutdown()
        server.server_close()

    yield ActionPeer({"url": f"http://127.0.0.1:{server.server_address[1]}/"}, env(images=folder), close)
    close()
    thread.join()


@pytest.mark.parametrize("kind", [ACTION, milestone.ACTION, vast2.ACTION], ids=lambda kind: str(kind.name))
def test_a_server_that_takes_longer_to_answer_than_it_is_given_is_given_more(kind: ActionKind[Any]) -> None:
    """It had the event, and got it again with each try for a day; so it did with the next one."""
    got: list[str] = []

    def slowly(asked: Asked) -> Reply:
        got.append(asked.path)
        time.sleep(1.5)
        return 200, {}, b""

    with http_peer(slowly) as server:
        where = {"url": f"http://127.0.0.1:{server.port}/"} if kind is ACTION else {"host": "127.0.0.1", "port": server.port}
        options = kind.options(**where, timeout_s=1.0, **({"tls": False} if kind is vast2.ACTION else {}))
        its = env()
        with pytest.raises(DeliveryError, match="no answer in 1 s"):
            kind.deliver(event(), options, its)
        for _ in range(4):  # a machine that is busy is slower still
            with suppress(DeliveryError):
                kind.deliver(event(), options, its)
                break
        else:
            raise AssertionError(f"it was told {len(got)} times, and never heard")
        kind.deliver(event(), options, replace(its, delivery_id="the next one"))


@pytest.mark.parametrize(
    ("takes", "told"),
    [
        ((30, 30, 30), [3, 1, 1]),
        ((30, 5, 30, 5, 30), [3, 1, 1, 1, 1]),  # it was told of each that took long three times
        ((30, None, 30, 30), [3, 2, 1]),  # one try that hung had it told ten times
        ((30, None, None, None, 30, 30), [3, 5, 1]),
        ((5, None, 5, 5), [1, 2, 1]),
    ],
)
def test_what_a_server_takes_is_not_forgotten_for_one_quick_answer_nor_for_one_that_does_not_come(
    monkeypatch: pytest.MonkeyPatch, takes: tuple[int | None, ...], told: list[int]
) -> None:
    needs = list(takes)

    def answers(request: object, login: object, network: object, given_s: float, tls: object, most_bytes: int) -> _http.Answer:
        need_s = needs[0]
        if need_s is None:
            needs.pop(0)
        if need_s is None or need_s >= given_s:
            raise _http.Unanswered("no answer")
        needs.pop(0)
        return _http.Answer(200, "OK", "", (), b"", {})

    monkeypatch.setattr(_http, "ask", answers)
    monkeypatch.setattr(_http, "_turns", {})
    options, found = HttpOptions(url="http://slow.example/", format="TEMPLATE", timeout_s=10.0), list[int]()
    while needs:
        tries = 1
        while True:
            try:
                ACTION.deliver(event(), options, env())
                break
            except DeliveryError:
                tries += 1
        found.append(tries)
    assert found == told


def test_a_server_that_hangs_holds_a_thread_longer_now_and_then_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Others that are tried again wait for it (engine/dispatch/breaker.py: Limits.silent)."""
    given: list[float] = []

    def hangs(request: object, login: object, network: object, timeout_s: float, tls: object, most_bytes: int) -> None:
        given.append(timeout_s)
        raise _http.Unanswered("no answer")

    monkeypatch.setattr(_http, "ask", hangs)
    monkeypatch.setattr(_http, "_turns", {})
    for number in range(14):
        with pytest.raises(DeliveryError):
            options = HttpOptions(url="http://hangs.example/{plate}", format="TEMPLATE", timeout_s=15.0)
            ACTION.deliver(event(f"AB{number}"), options, env())
    assert given == [15, 30, 40, 40, 15, 15, 40, 15, 15, 40, 15, 30, 40, 40]


@pytest.mark.parametrize(
    ("url", "whom"),
    [
        ("http://nvr.example/api", "nvr.example:80"),
        ("https://NVR.example:8443/", "nvr.example:8443"),
        ("https://[2001:db8::1]/", "[2001:db8::1]:443"),
    ],
)
def test_deliveries_to_one_server_share_its_fate(url: str, whom: str) -> None:
    assert ACTION.peer(HttpOptions(url=url)) == whom


@pytest.mark.parametrize("cut", ["24/68", "24#68", "24?68", "24/6#8"])
def test_an_address_that_may_hold_a_password_is_refused_and_its_beginning_is_no_port_of_a_log(cut: str) -> None:
    url = f"http://guard:{cut}@10.0.0.7/api"
    with pytest.raises(ConfigError, match="user and password have fields of their own"):
        check(HttpOptions, {"url": url})
    assert public_address(url) == "http://(an address with @ in it)"


@pytest.mark.parametrize("url", ["http://10.0.0.7:80/api?mail=a@b", "http://nvr.example?mail=a@b"])
def test_a_query_may_hold_an_at_sign(url: str) -> None:
    assert check(HttpOptions, {"url": url}).url == url
    assert public_address(url) == url.partition("?")[0]


@pytest.mark.parametrize(
    ("path", "shown"),
    [
        ("/services/T024BE7LD/B08L4QZ1R/aBcDeFgH1jKlMnOpQrStUvWx", "/services/T024BE7LD/B08L4QZ1R/aBcD\u2026"),
        ("/bot7123456789:AAE-x_Yz0123456789abcdefghijklmno/sendMessage", "/bot7\u2026/sendMessage"),
        ("/api/webhook/6f1c2d3e4b5a69788796a5b4c3d2e1f0", "/api/webhook/6f1c\u2026"),
        ("/api/licence-plate-events-v2/passages.json", "/api/licence-plate-events-v2/passages.json"),
        ("/LicencePlateEvents/7100000012345678901/", "/LicencePlateEvents/7100000012345678901/"),
    ],
)
def test_the_key_in_a_webhooks_path_stands_in_no_log_and_on_no_page_for_all(path: str, shown: str) -> None:
    """What a delivery says stands on the Live tab, in logs and in the file for those who help."""
    assert public_address(f"https://hooks.example{path}") == f"https://hooks.example{shown}"


STORED = {
    "url": "http://nvr.example/{x}", "method": "GET", "plate_image": True, "full_image": False, "caption": "LPR",
    "authentication": "digest", "user": "gate", "password": "päss", "timeout_s": 10.0, "verify_tls": True,
}  # fmt: skip
"""Options as releases before formats and templates stored them."""


def test_what_older_releases_stored_means_what_it_meant() -> None:
    options = check(HttpOptions, STORED)
    assert (options.format, options.hmac_secret, options.ca) == ("MILESIGHT", "", "")
    assert options.model_dump().items() >= STORED.items()


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"format": "TEMPLATE", "url": "http://x/{nobody}"}, r"URL: there is no \{nobody\}"),
        ({"format": "TEMPLATE", "url": "http://{plate}.example/"}, "URL: the host has no places"),
        ({"body": "{nobody}"}, r"Text: there is no \{nobody\}"),
        ({"method": "GET", "format": "XML"}, "Format: a GET carries no document: choose POST"),
        ({"authentication": "bearer", "password": "a b"}, "Password: a token is one word of ASCII characters"),
        ({"authentication": "bearer", "password": "a\r\nX: y"}, "Password: a token is one word of ASCII characters"),
        ({"hmac_header": "Host"}, "Header of the signature: must be the name of a header of its own"),
        ({"hmac_header": "X: y"}, "Header of the signature: must be the name of a header of its own"),
        ({"ca": "nonsense"}, "Certificate of the authority: is not a certificate"),
        ({"ca": "Ünsinn"}, "Certificate of the authority: is not a certificate"),
        ({"format": "PDF"}, "Format: must be one of MILESIGHT, XML, XML_IMG, JSON, JSON_IMG, TEMPLATE"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        check(HttpOptions, options)


@pytest.mark.parametrize("cut", ["hunter/2", "24x#68", "hunter?2", "99999/x"])
def test_what_is_wrong_with_an_address_repeats_no_part_of_a_password(cut: str) -> None:
    """Its beginning stood in the refusal as a port that is none, and with a stored action in Audit."""
    with pytest.raises(ConfigError) as refused:
        check(HttpOptions, {"url": f"http://guard:{cut}@10.0.0.7/api"})
    assert str(refused.value) == "URL: user and password have fields of their own"


class Held(dict[str, str]):
    """Headers, of which a test can tell whether they are still there."""


@pytest.mark.parametrize("status", [200, 302, 401, 429, 500, 0], ids=lambda status: str(status or "nobody listens"))
def test_a_request_is_forgotten_with_its_answer(status: int) -> None:
    """Its pictures waited for Python's collector: where a server refused everything, the service grew by 80 MB."""
    with http_peer(lambda asked: (status, {}, b"")) as server, socket.create_server(("127.0.0.1", 0)) as other:
        port = server.port if status else other.getsockname()[1]
        if not status:
            other.close()
        ask = partial(
            _http.ask, login=Login(), network=Network(lambda: ("127.0.0.0/8",)), timeout_s=5.0, tls=ssl.create_default_context()
        )
        with suppress(DeliveryError):
            ask(Request("GET", f"http://127.0.0.1:{port}/"))  # what is kept for the next ones is there
        gc.collect()
        gc.disable()
        try:
            headers = Held()
            known = weakref.ref(headers)
            with suppress(DeliveryError):
                ask(Request("POST", f"http://127.0.0.1:{port}/", b"a picture", headers))
            del headers
            assert known() is None
            assert not [each for each in gc.get_objects() if type(each) in (Bounded, Exchange)]
        finally:
            gc.enable()
