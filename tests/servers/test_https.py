"""HTTPS of the host: versions, ciphers, silent clients, redirect, HSTS, cookies, another certificate without a restart."""

from __future__ import annotations

import json
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.certificates import make_certificates
from tests.tiny_package import trust_file
from tests.waiting import until

ROOT = Path(__file__).parents[2]


class Host:
    """A host with HTTPS. `plain`, `port`: where it listens by HTTP and HTTPS; `auth` of its administrator."""

    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        (self.state / "host").mkdir(mode=0o700, parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            (self.state / "host" / "https.json").write_text(json.dumps({"port": free.getsockname()[1]}))
        words = ["-m", "tests.quick_host", "--state", str(self.state), "--port", "0", "--trust", str(trust_file(folder))]
        self.process = subprocess.Popen(
            [sys.executable, *words], cwd=ROOT, stderr=subprocess.DEVNULL, env={**os.environ, "GATEWRIGHT_TEST_HTTPS": "1"}
        )
        until(lambda: "HTTPS is at port" in self.log())
        self.plain = int(re.findall(r"listening on \S+ port (\d+)", self.log())[0])
        self.auth = ("admin", "correct horse")
        first = (self.state / "host" / "initial-password").read_text().strip()
        body = {"old": first, "new": self.auth[1]}
        requests.post(
            f"http://127.0.0.1:{self.plain}/api/password", json=body, auth=("admin", first), timeout=10
        ).raise_for_status()

    def log(self) -> str:
        file = self.state / "logs" / "hostd.log"
        return file.read_text() if file.exists() else ""

    @property
    def port(self) -> int:
        return int(re.findall(r"HTTPS is at port (\d+)", self.log())[-1])

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(method, self.url + path, auth=self.auth, verify=False, timeout=20, allow_redirects=False, **more)

    def by_http(self, method: str, path: str, **more: Any) -> requests.Response:
        there = f"http://127.0.0.1:{self.plain}{path}"
        return requests.request(method, there, timeout=20, allow_redirects=False, **more)

    def end(self) -> None:
        self.process.terminate()
        assert self.process.wait(20) == 0


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    running = Host(tmp_path_factory.mktemp("https"))
    yield running
    running.end()


def client(**wanted: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    for name, value in wanted.items():
        setattr(context, name, value)
    return context


def agreed(host: Host, context: ssl.SSLContext) -> ssl.SSLSocket:
    sock = socket.create_connection(("127.0.0.1", host.port), 10)
    return context.wrap_socket(sock, server_hostname="camera")


def test_tls_1_2_and_1_3_are_spoken_and_nothing_older(host: Host) -> None:
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        with agreed(host, client(minimum_version=version, maximum_version=version)) as sock:
            assert sock.version() == name
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        context = client(minimum_version=old, maximum_version=old)
        context.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.raises(ssl.SSLError, match=r"(?i)alert protocol version|unsupported protocol|no protocols"):
            agreed(host, context)


def test_only_ciphers_with_forward_secrecy_and_authenticated_encryption_are_agreed_on(host: Host) -> None:
    taken = []
    for cipher in client().get_ciphers() + [
        {"name": name} for name in ("AES128-SHA", "ECDHE-ECDSA-AES128-SHA", "AES256-GCM-SHA384")
    ]:
        context = client(minimum_version=ssl.TLSVersion.TLSv1_2, maximum_version=ssl.TLSVersion.TLSv1_2)
        try:
            context.set_ciphers(f"{cipher['name']}:@SECLEVEL=0")
        except ssl.SSLError:
            continue
        try:
            with agreed(host, context) as sock:
                taken.append(sock.cipher())
        except OSError:
            continue
    names = {str(each[0]) for each in taken if each}
    assert names == {"ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"}


def test_silent_handshakes_hold_no_thread_and_are_cut(host: Host) -> None:
    silent = [socket.create_connection(("127.0.0.1", host.port), 10) for _ in range(40)]
    for sock in silent[:20]:
        sock.sendall(b"\x16\x03\x01\x02\x00\x01")  # the begin of a ClientHello
    assert [host.ask("GET", "/api/me").status_code for _ in range(3)] == [200] * 3
    for sock in silent:
        sock.close()


def test_noise_instead_of_a_handshake_is_cut_off_and_others_are_served(host: Host) -> None:
    for noise in (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", bytes(range(256)), b"\x16\x03\x01\xff\xff" + bytes(100)):
        with socket.create_connection(("127.0.0.1", host.port), 10) as sock:
            sock.sendall(noise)
            sock.settimeout(20)
            try:
                while sock.recv(4096):
                    pass
            except ConnectionResetError:
                pass
    assert host.ask("GET", "/api/me").json()["name"] == "admin"


def test_requests_in_one_record_are_all_answered(host: Host) -> None:
    with agreed(host, client()) as sock:
        sock.settimeout(10)
        one = b"GET /health HTTP/1.1\r\nHost: camera\r\n\r\n"
        form = b"Content-Length: 3\r\nContent-Type: application/x-www-form-urlencoded\r\n\r\na=1"
        body = b"POST /login HTTP/1.1\r\nHost: camera\r\n" + form
        sock.sendall(one + body + one)
        got = b""
        while got.count(b"HTTP/1.1 ") < 3 or not got.endswith(b"}"):
            part = sock.recv(65536)
            assert part
            got += part
    assert re.findall(rb"HTTP/1.1 (\d+)", got)[::2] == [re.findall(rb"HTTP/1.1 (\d+)", got)[0]] * 2


def test_a_large_upload_and_a_large_answer_pass(host: Host) -> None:
    noise = os.urandom(6 << 20)
    by_https = host.ask("POST", "/api/packages", files={"package": ("x.tar.gz", noise)})
    by_http = host.by_http("POST", "/api/packages", files={"package": ("x.tar.gz", noise)}, auth=host.auth)
    assert (by_https.status_code, by_https.json()["key"]) == (by_http.status_code, by_http.json()["key"])
    assert by_https.json()["values"]["why"] == by_http.json()["values"]["why"]
    assert host.ask("GET", "/openapi.json").json() == host.by_http("GET", "/openapi.json", auth=host.auth).json()


def test_an_answer_without_a_length_ends_with_a_goodbye(host: Host) -> None:
    with agreed(host, client()) as sock:
        sock.sendall(b"GET /openapi.json HTTP/1.0\r\nHost: camera\r\n\r\n")
        sock.settimeout(10)
        while sock.recv(1 << 16):
            pass
        assert sock.unwrap() is not None  # SSLEOFError if the server had only closed


def test_the_cookie_of_https_is_secure_and_bound_to_its_host(host: Host) -> None:
    form = {"user": "admin", "password": host.auth[1]}
    secure = host.ask("POST", "/login", data=form).headers["Set-Cookie"]
    assert secure.startswith(f"__Host-gatewright_session_{host.port}=")
    assert "; Secure" in secure and "HttpOnly" in secure
    plain = host.by_http("POST", "/login", data=form).headers["Set-Cookie"]
    assert plain.startswith(f"gatewright_session_{host.plain}=")
    assert "Secure" not in plain


def test_people_are_led_to_https_and_watchdogs_are_served(host: Host) -> None:
    assert host.ask("PUT", "/api/https", json={"http": "people", "hsts": True}).status_code == 200
    try:
        led = host.by_http("GET", "/setup/network/https.html?a=%2F")
        assert (led.status_code, led.headers["Location"]) == (307, f"{host.url}/setup/network/https.html?a=%2F")
        assert host.by_http("POST", "/api/password", json={}).status_code == 307
        assert host.by_http("GET", "/health").status_code == 200
        strange = host.by_http("GET", "/login", headers={"Host": "a/b@c"})
        assert "Location" not in strange.headers
        assert host.ask("GET", "/login").headers["Strict-Transport-Security"] == "max-age=15552000"
        assert "Strict-Transport-Security" not in host.by_http("GET", "/health").headers
    finally:
        host.ask("PUT", "/api/https", json={"http": "open", "hsts": False})
    assert host.by_http("GET", "/login").status_code == 200
    assert "Strict-Transport-Security" not in host.ask("GET", "/login").headers
    odd = host.ask("GET", "/setup/network/https.html", headers={"Host": f"camera:{'9' * 5_000}"})
    assert odd.status_code == 200  # more digits than Python takes for a number


def test_whoever_moves_https_from_below_his_own_page_is_led_to_where_it_is_now(host: Host) -> None:
    """He was shown the page once more at its old address, over a connection that was still open, and then nobody answered there."""
    before = host.port
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    form = {"port": str(port), "enabled": "1", "http": "open"}
    headers = {"Origin": host.url}
    answer = host.ask("POST", "/setup/network/https/change", data=form, headers=headers)
    until(lambda: host.port == port)
    there = f"https://127.0.0.1:{port}/setup/network/https.html"
    assert answer.status_code == 200 and f'href="{there}">Go there</a>' in answer.text
    assert "inert" not in answer.text  # it would wait for scripts that nobody gives it any more
    same = host.ask("POST", "/setup/network/https/change", data=form, headers={"Origin": host.url})
    assert (same.status_code, same.headers["Location"]) == (303, "/setup/network/https.html")
    off = host.ask("POST", "/setup/network/https/change", data={"port": str(port), "http": "open"}, headers={"Origin": host.url})
    plain = f"http://127.0.0.1:{host.plain}"
    assert f'href="{plain}/setup/network/https.html">Go there</a>' in off.text
    back = {**form, "port": str(before)}
    on = host.by_http("POST", "/setup/network/https/change", data=back, headers={"Origin": plain}, auth=host.auth)
    assert (on.status_code, on.headers["Location"]) == (303, "/setup/network/https.html")
    until(lambda: host.port == before)


def test_another_certificate_is_in_force_without_a_restart_while_connections_live_on(host: Host, tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    sent = {"certificate": made.certificate.read_text(), "private_key": made.key.read_text()}
    with agreed(host, client()) as old:
        first = old.getpeercert(binary_form=True)
        said = host.ask("PUT", "/api/https/certificate", json=sent)
        assert (said.status_code, said.json()["certificate"]["names"]) == (200, ["localhost", "127.0.0.1"])
        old.sendall(b"GET /health HTTP/1.1\r\nHost: camera\r\n\r\n")
        assert old.recv(100).startswith(b"HTTP/1.1 ")
    told = requests.get(f"{host.url}/api/https", auth=host.auth, verify=str(made.ca_file), timeout=10).json()
    assert (told["own"], told["problem"], told["certificate"]["issuer"]) == (False, "", "CN=Test authority")
    assert host.ask("DELETE", "/api/https/certificate").status_code == 200
    with agreed(host, client()) as sock:
        assert sock.getpeercert(binary_form=True) == first
