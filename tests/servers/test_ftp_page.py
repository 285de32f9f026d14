"""The page and API of the FTP server on a running host: off by default, switched on and off, log-ins, errors at their fields."""

from __future__ import annotations

import ftplib
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.servers import read_servers
from board.kit.state import State
from firmware.certificates.own import fingerprint
from tests.servers.test_host import Host
from tests.waiting import until

PAGE = "/setup/network/ftp.html"
CHANGE = "/setup/network/ftp/change"
FORM = {
    "enabled": "1", "port": "0", "tls": "required", "uploads": "1", "room_mb": "10", "clients": "20", "passive_from": "50000",
    "passive_to": "50499", "public_address": "",
}  # fmt: skip


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = Host(tmp_path_factory.mktemp("host"))
    host.start()
    yield host
    host.stop()


def url(host: Host) -> str:
    return str(until(lambda: host.ask("GET", "/api/ftp").json()["url"]))


def test_it_is_off_until_somebody_switches_it_on_and_then_lets_in_whom_the_page_gave_a_password(host: Host) -> None:
    state = State(host.state)
    assert host.ask("GET", "/api/ftp").json() == {
        "settings": {
            "enabled": False, "port": 21, "tls": "required", "uploads": True, "room_mb": 256, "clients": 100,
            "passive_from": 50_000, "passive_to": 50_499, "public_address": "",
        },
        "url": "", "problem": "", "clients": 0, "sent": 0, "received": 0, "fingerprint": "",
    }  # fmt: skip
    assert not state.ftp.exists() and host.ask("GET", "/setup/network/ftp/camera.crt").status_code == 404
    assert host.ask("POST", CHANGE, data=FORM).status_code == 303
    address = url(host)
    assert read_servers(state) == {"ftp": address}
    shown = host.ask("POST", "/setup/network/ftp/add", data={"name": "slaves"}).text
    user, password = re.findall(r'<code class="mono"(?: id="secret")?>([a-z]+-[a-z2-9]{4}|[a-z2-9]{16})</code>', shown)[:2]
    with ftplib.FTP_TLS(timeout=20) as client:
        client.connect("127.0.0.1", int(address.rpartition(":")[2]))
        client.login(user, password)
        client.prot_p()
        assert client.nlst() == ["lists"]
    certificate = host.ask("GET", "/setup/network/ftp/camera.crt").text
    page = host.ask("GET", PAGE).text
    assert all(text in page for text in (address, fingerprint(certificate), "slaves", user)) and password not in page
    assert host.ask("POST", "/setup/network/ftp/remove", data={"user": user}).status_code == 303
    assert host.ask("PUT", "/api/ftp", json={"enabled": False}).json()["settings"]["enabled"] is False
    assert read_servers(state) == {} and host.ask("GET", "/api/ftp").json()["url"] == ""
    changes = host.ask("GET", "/api/changes").json()["changes"]
    assert [(each["what"], each["about"]) for each in changes if "FTP" in each["what"]] == [
        ("FTP server changed", "enabled False"),
        ("FTP server changed", "enabled True, port 0, room_mb 10, clients 20"),
    ]
    page = host.ask("GET", "/setup/security/changes.html").text
    assert "FTP server changed: FTP server: on, Port: 0, Room for files: 10, Clients at once: 20<" in page
    host.ask("PUT", "/api/ftp", json={"port": 21, "room_mb": 256, "clients": 100})


@pytest.mark.parametrize(
    ("field", "value", "why"),
    [
        ("port", "99999", "Must be 65535 or less."),
        ("clients", "x", "Must be a whole number."),
        ("tls", "never", "Must be one of required, offered."),
        ("passive_to", "50010", "Must be 50039 or more for so many clients."),
        ("port", "50100", "Is one of the passive ports."),
        ("public_address", "gate.example", "Is not an IPv4 address."),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_is_changed(host: Host, field: str, value: str, why: str) -> None:
    before = host.ask("GET", "/api/ftp").json()
    answer = host.ask("POST", CHANGE, data={**FORM, field: value})
    assert answer.status_code == 400
    assert re.search(rf'name="{field}".*?<small class="alert bad" role="alert">{re.escape(why)}</small>', answer.text, re.S)
    assert host.ask("GET", "/api/ftp").json() == before


def test_a_form_that_was_opened_before_somebody_else_saved_undoes_nothing_of_that(host: Host) -> None:
    host.ask("PUT", "/api/ftp", json={"enabled": False, "port": 21, "tls": "offered", "uploads": True, "clients": 20})
    before = host.ask("GET", "/api/ftp").json()["settings"]
    (seen,) = re.findall('name="shown" value="([^"]*)"', host.ask("GET", PAGE).text)
    form = {name: "1" if value is True else str(value) for name, value in before.items() if value is not False}
    host.ask("PUT", "/api/ftp", json={"tls": "required", "uploads": False, "clients": 10})
    for room, status in (("x", 400), ("77", 303)):
        assert host.ask("POST", CHANGE, data={**form, "shown": html.unescape(seen), "room_mb": room}).status_code == status
    now = host.ask("GET", "/api/ftp").json()["settings"]
    assert now == {**before, "tls": "required", "uploads": False, "clients": 10, "room_mb": 77}
    assert host.ask("POST", CHANGE, data={**form, "shown": "{"}).status_code == 303  # as a program may send it
    assert host.ask("GET", "/api/ftp").json()["settings"] == before


@pytest.mark.parametrize("asked", ["gate.local", "[fe80::1]", "192.168.0.199"])
def test_the_page_gives_its_address_by_the_name_that_the_browser_has(host: Host, asked: str) -> None:
    host.ask("PUT", "/api/ftp", json={"enabled": True, "port": 0})
    there = url(host).replace("127.0.0.1", asked)
    for said in (asked, f"{asked}:8080"):
        assert there in host.ask("GET", PAGE, headers={"Host": said}).text
    host.ask("PUT", "/api/ftp", json={"enabled": False, "port": 21})


def test_the_server_comes_back_with_the_host_as_it_was_left(host: Host) -> None:
    host.ask("PUT", "/api/ftp", json={"enabled": True, "port": 0})
    url(host)
    host.stop()
    assert read_servers(State(host.state)) == {}
    host.start()
    assert url(host).startswith("ftp://127.0.0.1:")
    assert json.loads((host.state / "host" / "ftp.json").read_text())["enabled"] is True
    host.ask("PUT", "/api/ftp", json={"enabled": False, "port": 21})


def test_only_who_may_configure_sees_it_and_only_who_manages_people_gives_log_ins(host: Host, tmp_path: Path) -> None:
    host.ask("POST", "/api/accounts", json={"name": "guard", "role": "operator", "password": "first horse battery"})
    host.choose("guard", "first horse battery", "second horse battery")
    auth = ("guard", "second horse battery")
    asked = (("GET", PAGE), ("GET", "/api/ftp"), ("POST", CHANGE), ("POST", "/setup/network/ftp/add"))
    assert [host.ask(method, path, auth=auth).status_code for method, path in asked] == [403] * 4
