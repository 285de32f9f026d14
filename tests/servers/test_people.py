"""People over real HTTP: wrong passwords in floods, first passwords, sessions, damaged files, tokens, device passwords."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import requests

from board.kit.people import (
    USES,
    AskHa1,
    CheckDigest,
    CheckPassword,
    CheckToken,
    CheckUsernameToken,
    Nobody,
    People,
    PeopleUnreachable,
    Person,
)
from board.kit.permissions import PERMISSIONS
from board.kit.state import State
from board.kit.web.routes import KNOWN, PUBLIC
from firmware.gateway.app import routes
from firmware.people.sessions import MAX_OF_USER
from firmware.people.who import digest_response, username_token_digest
from tests.quick_host import PAUSE_S
from tests.servers.test_host import CONTROL, OWN, PARAMETERS, ROOT, VADP_PAGE, Host, log_in
from tests.tiny_package import contents
from tests.waiting import until

PROXIED = ("--trusted-proxy", "127.0.0.1")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = Host(tmp_path_factory.mktemp("people"))
    host.start(*PROXIED)
    host.upload(contents())
    host.control("start")
    until(lambda: host.ask("GET", "/tiny/").status_code == 200)
    yield host
    host.stop()


@pytest.fixture
def host(running: Host) -> Host:
    """With the administrator only."""
    for account in running.ask("GET", "/api/accounts").json()["accounts"]:
        if account["name"] != "admin":
            running.ask("DELETE", f"/api/accounts/{account['name']}")
    for token in running.ask("GET", "/api/tokens").json()["tokens"]:
        running.ask("DELETE", f"/api/tokens/{token['id']}")
    for device in running.ask("GET", "/api/device-passwords").json()["device_passwords"]:
        running.ask("DELETE", f"/api/device-passwords/{device['user']}")
    return running


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[Callable[..., Host]]:
    """Starts a host of this test's own."""
    started: list[Host] = []

    def start(*more: str, choose: bool = True, module: str = "tests.quick_host") -> Host:
        host = Host(tmp_path, module)
        host.start(*more, choose=choose)
        started.append(host)
        return host

    yield start
    for host in started:
        host.stop()


def at_once(count: int, ask: Callable[[int], requests.Response]) -> list[requests.Response]:
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(ask, range(count)))


def memory_mb(host: Host, field: str) -> float:
    """VmRSS or VmHWM (the most it ever was) of the host's process."""
    assert host.process is not None
    status = Path(f"/proc/{host.process.pid}/status").read_text()
    found = re.search(rf"{field}:\s+(\d+) kB", status)
    assert found
    return int(found[1]) / 1024


def test_64_wrong_passwords_at_once_from_64_addresses_cost_little_memory_and_none_for_good(alone: Callable[..., Host]) -> None:
    host = alone(*PROXIED, module="firmware")
    host.ask("GET", "/api/packages", auth=("admin", "first of all, so that all is loaded"))
    before = memory_mb(host, "VmRSS")

    def guess(number: int) -> requests.Response:
        address = {"X-Forwarded-For": f"198.51.100.{number}"}
        return host.ask("GET", "/api/packages", auth=("admin", f"guess {number}"), headers=address)

    for _ in range(2):
        said = Counter(reply.status_code for reply in at_once(64, guess))
        assert set(said) <= {401, 429, 503} and said[401] >= 4
    assert memory_mb(host, "VmHWM") - before < 40
    until(lambda: memory_mb(host, "VmRSS") - before < 8)
    assert host.ask("GET", "/api/packages").status_code == 200


def test_of_60_wrong_passwords_at_once_from_one_address_five_are_looked_at(alone: Callable[..., Host]) -> None:
    host = alone()
    said = at_once(60, lambda number: log_in(host, "admin", f"guess {number}")[1])
    assert Counter(reply.status_code for reply in said) == {401: 5, 429: 55}
    assert all(1 <= int(reply.headers["Retry-After"]) <= PAUSE_S for reply in said if reply.status_code == 429)
    assert log_in(host, "admin", OWN)[1].status_code == 429


def test_behind_a_trusted_proxy_who_guesses_locks_out_nobody_else(alone: Callable[..., Host]) -> None:
    host = alone(*PROXIED)

    def ask(address: str, password: str) -> int:
        return host.ask("GET", "/api/packages", auth=("admin", password), headers={"X-Forwarded-For": address}).status_code

    assert [ask("198.51.100.1", f"guess {number}") for number in range(6)] == [401] * 5 + [429]
    assert ask("198.51.100.1", OWN) == 429
    assert ask("6.6.6.6, 198.51.100.1", OWN) == 429
    assert ask("198.51.100.2", OWN) == 200
    assert [ask(f"2001:db8::{number}", f"guess {number}") for number in range(6)] == [401] * 5 + [429]
    assert ask("2001:db8:0:1::1", OWN) == 200


def test_an_address_that_a_client_invents_does_not_count(alone: Callable[..., Host]) -> None:
    host = alone()
    said = [
        host.ask("GET", "/api/packages", auth=("admin", f"guess {n}"), headers={"X-Forwarded-For": f"198.51.100.{n}"}).status_code
        for n in range(6)
    ]
    assert said == [401] * 5 + [429]


def test_an_account_under_attack_from_many_addresses_stays_open_for_its_owner(alone: Callable[..., Host]) -> None:
    host = alone(*PROXIED)

    def ask(address: str, password: str) -> int:
        return host.ask("GET", "/api/packages", auth=("admin", password), headers={"X-Forwarded-For": address}).status_code

    assert ask("203.0.113.7", OWN) == 200
    said = Counter(ask(f"198.51.{number // 5}.1", f"guess {number}") for number in range(120))
    assert set(said) == {401, 429} and 50 <= said[401] <= 55
    assert ask("203.0.113.8", OWN) == 429
    assert ask("203.0.113.7", OWN) == 200


EVERYWHERE = [
    ("GET", "/"),
    ("GET", VADP_PAGE),
    ("GET", "/setup/security/accounts.html"),
    ("GET", "/tiny/"),
    ("GET", "/tiny/api/live"),
    ("GET", "/api/packages"),
    ("POST", "/api/packages"),
    ("POST", "/api/packages/TINY/start"),
    ("GET", f"{PARAMETERS}?vadp_module"),
    ("GET", f"{CONTROL}?idx=0&cmd=stop"),
    ("GET", "/api/accounts"),
    ("POST", "/api/accounts"),
    ("GET", "/api/tokens"),
    ("POST", "/api/tokens"),
    ("GET", "/api/device-passwords"),
    ("POST", "/api/device-passwords"),
    ("GET", "/api/changes"),
    ("POST", "/setup/security/accounts/add"),
]


def test_a_first_password_opens_nothing_but_its_own_change(alone: Callable[..., Host]) -> None:
    host = alone(choose=False)
    first = host.password
    host.upload(contents())
    for method, path in EVERYWHERE:
        reply = host.ask(method, path, auth=("admin", first))
        led = reply.status_code == 303 and reply.headers["Location"] == "/password"
        assert led or reply.status_code == 403, (method, path, reply.status_code)
    assert host.ask("POST", "/password", data={"old": first, "new": "password1", "again": "password1"}).status_code == 400
    host.choose("admin", first, OWN)
    assert host.ask("GET", "/api/packages", auth=("admin", first)).status_code == 401
    assert host.ask("GET", "/api/packages").json()["packages"] == []
    form = {"user": "guard", "role": "admin", "password": "mill-street-17"}
    assert host.ask("POST", "/setup/security/accounts/add", data=form).status_code == 303
    guard = ("guard", "mill-street-17")
    for method, path in EVERYWHERE:
        reply = host.ask(method, path, auth=guard)
        assert reply.status_code == 403 or reply.headers["Location"] == "/password", (method, path, reply.status_code)
    changed = host.ask("POST", "/api/password", json={"old": "mill-street-17", "new": "at the old mill"}, auth=guard)
    assert changed.status_code == 200
    assert host.ask("GET", "/api/accounts", auth=("guard", "at the old mill")).status_code == 200


def add(host: Host, name: str, role: str, password: str = "at the old mill") -> tuple[str, str]:
    """An account that has chosen its password; what it logs in with."""
    assert host.ask("POST", "/api/accounts", json={"name": name, "role": role, "password": "mill-street-17"}).status_code == 201
    host.choose(name, "mill-street-17", password)
    return name, password


def test_a_viewer_that_logs_in_again_and_again_logs_out_nobody_else(host: Host) -> None:
    url = f"http://127.0.0.1:{host.port}"
    admin = log_in(host, "admin", OWN)[0]
    viewer = add(host, "viewer", "viewer")
    sessions = [log_in(host, *viewer)[0] for _ in range(MAX_OF_USER + 5)]
    assert admin.get(f"{url}/api/accounts").status_code == 200
    said = [each.get(f"{url}/api/packages").status_code for each in sessions]
    assert said == [401] * 5 + [200] * MAX_OF_USER


def test_a_browser_of_another_site_cannot_make_a_get_act(host: Host) -> None:
    cookie = log_in(host, "admin", OWN)[0].cookies.get_dict()
    browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept-Language": "en"}
    restart = f"{CONTROL}?idx=0&cmd=restart"
    for more in ({"cookies": cookie, "auth": None}, {"cookies": cookie, "auth": None, "headers": browser}, {"headers": browser}):
        assert host.ask("GET", restart, **more).status_code == 403, more
    here = {**browser, "Referer": f"http://127.0.0.1:{host.port}{VADP_PAGE}"}
    assert host.ask("GET", restart, cookies=cookie, auth=None, headers=here).status_code == 200
    assert host.ask("GET", restart).status_code == 200


@pytest.mark.parametrize("content", ["", "[{"])
def test_a_damaged_accounts_file_keeps_nobody_out(alone: Callable[..., Host], content: str) -> None:
    host = alone()
    host.stop()
    (host.state / "host" / "accounts.json").write_text(content)
    host.start()
    assert "accounts.json was damaged" in host.log.read_text()
    assert host.ask("GET", "/api/accounts").json()["damage"][0].endswith("and is restored from its copy")
    assert "is restored from its copy" in host.ask("GET", "/setup/security/accounts.html").text


def test_with_both_accounts_files_damaged_the_camera_comes_up_for_whoever_holds_it_only(alone: Callable[..., Host]) -> None:
    host = alone()
    host.upload(contents())
    host.control("start")
    host.stop()
    for name in ("accounts.json", "accounts.json.copy", "tokens.json", "device-passwords.json", "device-passwords.key"):
        (host.state / "host" / name).write_bytes(b"")
    host.start(choose=False)
    assert "all accounts are lost" in host.log.read_text()
    assert host.ask("GET", "/api/packages", auth=("admin", OWN)).status_code == 401
    assert host.ask("GET", "/api/packages", auth=("admin", "")).status_code == 401
    until(lambda: host.ask("GET", "/health", auth=None).status_code == 200)
    host.choose("admin", host.password, "at the old mill")
    (package,) = host.ask("GET", "/api/packages", auth=("admin", "at the old mill")).json()["packages"]
    assert package["status"] == "on"


def make_token(host: Host, name: str, permissions: list[str], **more: Any) -> tuple[dict[str, str], dict[str, Any]]:
    """Headers of the token, and what was answered."""
    reply = host.ask("POST", "/api/tokens", json={"name": name, "permissions": permissions, **more})
    assert reply.status_code == 201, reply.text
    return {"Authorization": f"Bearer {reply.json()['token']}"}, reply.json()


def test_a_token_does_what_it_was_given_and_nothing_else(host: Host) -> None:
    bearer, made = make_token(host, "VMS", ["view", "open"])
    assert set(made) >= {"token", "id", "name", "permissions"}

    def ask(method: str, path: str, **more: Any) -> requests.Response:
        return host.ask(method, path, auth=None, headers=bearer, **more)

    seen = {name.lower(): value for name, value in ask("GET", "/tiny/api/live").json()["headers"].items()}
    assert (seen["x-gatewright-user"], seen["x-gatewright-permissions"]) == ("admin (VMS)", "open,view")
    assert "authorization" not in seen
    assert ask("GET", "/api/me").json()["permissions"] == ["open", "view"]
    for method, path in (
        ("GET", "/api/accounts"),
        ("POST", "/api/packages/TINY/stop"),
        ("GET", f"{PARAMETERS}?vadp"),
        ("GET", "/api/changes"),
    ):
        assert ask(method, path).status_code == 403, path
    listed = host.ask("GET", "/api/tokens")
    (token,) = listed.json()["tokens"]
    assert (token["name"], token["maker"], token["in_force"]) == ("VMS", "admin", ["open", "view"])
    assert abs((datetime.fromisoformat(token["used"]) - datetime.now(UTC)).total_seconds()) < 60
    assert made["token"] not in listed.text
    assert host.ask("DELETE", f"/api/tokens/{token['id']}").json() == {"revoked": "VMS"}
    assert ask("GET", "/tiny/api/live").status_code == 401


def test_a_token_of_people_gives_nobody_more_than_it_has_and_makes_no_second(host: Host) -> None:
    bearer, _ = make_token(host, "provisioning", ["people", "view"])

    def ask(method: str, path: str, **more: Any) -> requests.Response:
        return host.ask(method, path, auth=None, headers=bearer, **more)

    refused = ask("POST", "/api/accounts", json={"name": "boss", "role": "admin", "password": "mill-street-17"})
    assert refused.status_code == 422 and "does not have" in refused.json()["error"]
    assert ask("POST", "/api/tokens", json={"name": "second", "permissions": ["view"]}).status_code == 422
    assert ask("DELETE", "/api/accounts/admin").status_code == 422
    assert ask("POST", "/api/password", json={"old": OWN, "new": "at the old mill"}).status_code == 403
    assert ask("POST", "/password", data={"old": OWN, "new": "at the old mill", "again": "at the old mill"}).headers[
        "Location"
    ] == ("/login?next=/password")
    assert [each["name"] for each in host.ask("GET", "/api/accounts").json()["accounts"]] == ["admin"]


def test_no_address_of_the_host_answers_who_lacks_its_permission(host: Host) -> None:
    """Whatever page is added: a token may do everything but that, and nobody is logged in."""
    guarded = [route for route in routes() if route.permission not in (KNOWN, PUBLIC)]
    assert len(guarded) > 100
    lacking: dict[str, str] = {}
    for permission in PERMISSIONS:
        others = [each for each in PERMISSIONS if each != permission]
        made = host.ask("POST", "/api/tokens", json={"name": f"all but {permission}", "permissions": others})
        lacking[permission] = made.json()["token"]
    answered = {}
    for route in guarded:
        path = "/" + re.sub(r"<[^>]*>", "a", route.path)
        headers = {"Authorization": f"Bearer {lacking[route.permission]}"}
        refused = host.ask(route.method, path, auth=None, headers=headers).status_code
        stranger = host.ask(route.method, path, auth=None).status_code
        if refused != 403 or stranger not in (303, 401):
            answered[f"{route.method} {path}"] = (refused, stranger)
    assert answered == {}


def test_a_token_ends_with_its_maker_and_loses_what_the_maker_loses(host: Host) -> None:
    boss = add(host, "boss", "admin")
    made = host.ask("POST", "/api/tokens", json={"name": "gate", "permissions": ["open", "view"]}, auth=boss).json()
    bearer = {"Authorization": f"Bearer {made['token']}"}
    assert host.ask("GET", "/api/me", auth=None, headers=bearer).json()["permissions"] == ["open", "view"]
    assert host.ask("PUT", "/api/accounts/boss", json={"role": "viewer"}).status_code == 200
    assert host.ask("GET", "/api/me", auth=None, headers=bearer).json()["permissions"] == ["view"]
    assert host.ask("DELETE", "/api/accounts/boss").status_code == 200
    assert host.ask("GET", "/api/me", auth=None, headers=bearer).status_code == 401
    add(host, "boss", "admin")
    assert host.ask("GET", "/api/me", auth=None, headers=bearer).status_code == 401


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/api/tokens", {"permissions": ["view"]}, "name"),
        ("/api/tokens", {"name": "a", "permissions": "view"}, "permissions"),
        ("/api/tokens", {"name": "a", "permissions": [1]}, "permissions"),
        ("/api/tokens", {"name": "a", "permissions": ["root"]}, "permissions"),
        ("/api/tokens", {"name": "a", "permissions": ["view"], "expires": "soon"}, "expires"),
        ("/api/tokens", {"name": "a", "permissions": ["view"], "expires": 7}, "expires"),
        ("/api/tokens", {"name": "a", "permissions": ["view"], "admin": True}, "admin"),
        ("/api/device-passwords", {"use": "ssh", "name": "a"}, "use"),
        ("/api/device-passwords", {"use": "ftp"}, "name"),
        ("/api/accounts", {"name": "a b", "role": "viewer", "password": "mill-street-17"}, "user"),
        ("/api/accounts", {"name": "guard", "role": "root", "password": "mill-street-17"}, "role"),
        ("/api/accounts", {"name": "guard", "role": "viewer", "password": "password1"}, ""),
    ],
)
def test_what_is_wrong_is_said(host: Host, path: str, body: dict[str, Any], field: str) -> None:
    reply = host.ask("POST", path, json=body)
    assert reply.status_code == 422, reply.text
    assert field in reply.text and reply.json()["error"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 10_000])
def test_a_body_that_is_no_object_is_refused(host: Host, body: bytes) -> None:
    for path in ("/api/tokens", "/api/device-passwords", "/api/accounts", "/api/password"):
        assert 400 <= host.ask("POST", path, data=body).status_code < 500, path
    assert host.ask("POST", "/api/tokens", data=b"x" * 2_000_000).status_code == 413


ASKER = """
import json, sys
from pathlib import Path
from board.kit.people import CheckPassword, People
use, user, password, address, socket = sys.argv[1:]
print(People(Path(socket)).who(CheckPassword(use, user, password, address)))
"""


def test_a_device_password_opens_no_gate_when_it_may_only_see_or_its_maker_may_not(host: Host) -> None:
    def made(auth: dict[str, str] | None = None, **body: object) -> tuple[bool, str]:
        more: dict[str, Any] = {"headers": auth, "auth": None} if auth else {}
        reply = host.ask("POST", "/api/device-passwords", json={"use": "onvif", **body}, **more)
        assert reply.status_code == 201, reply.text
        return reply.json()["view_only"], reply.json()["user"].partition("-")[0]

    assert made(name="Recorder") == (False, "onvif")
    assert made(name="Screen", view_only=True) == (True, "viewer")
    bearer, _ = make_token(host, "helper", ["people", "view"])
    assert made(bearer, name="Helper's") == (True, "viewer")


def test_a_device_password_shows_nobody_what_its_maker_may_not_see(host: Host) -> None:
    bearer, _ = make_token(host, "helper", ["people"])
    looking, _ = make_token(host, "looks", ["people", "view"])

    def refused(auth: dict[str, str], use: str) -> str:
        reply = host.ask("POST", "/api/device-passwords", json={"use": use, "name": "x"}, headers=auth, auth=None)
        return "" if reply.ok else reply.json()["error"]

    said = [refused(bearer, use) for use in USES]
    assert said == [f"admin (helper) does not have {needed}" for needed in ("view", "view", "lists")]
    assert [refused(looking, use) for use in USES] == ["", "", "admin (looks) does not have lists"]


def test_another_process_asks_the_host_who_a_recorder_is(host: Host) -> None:
    made = host.ask("POST", "/api/device-passwords", json={"use": "onvif", "name": "Recorder"})
    assert made.status_code == 201
    user, password = made.json()["user"], made.json()["password"]
    socket = State(host.state).people_socket
    assert socket.stat().st_mode & 0o777 == 0o600
    for said, expected in ((password, "Person(name='Recorder', permissions=())"), ("wrong", "Nobody(wait_s=0.0, stale=False)")):
        words = [sys.executable, "-c", ASKER, "onvif", user, said, "198.51.100.9", str(socket)]
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=30)
        assert done.stdout.strip() == expected, done.stderr
    people = People(socket)
    asked = CheckDigest(
        "onvif", user, "camera", "n0", "/onvif/device_service", "", "POST", "198.51.100.9", "MD5", "auth", "00000001", "c"
    )
    right = CheckDigest(**{**as_fields(asked), "response": digest_response(asked, password)})
    assert people.who(right) == Person("Recorder")
    assert people.who(asked) == Nobody()
    nonce, created = (
        base64.b64encode(b"0123456789").decode(),
        datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    )
    token = CheckUsernameToken(user, username_token_digest(nonce, created, password), nonce, created, "198.51.100.9")
    assert (people.who(token), people.who(token)) == (Person("Recorder"), Nobody(stale=True))
    assert people.ha1(AskHa1("onvif", user, "camera")) == hashlib.md5(f"{user}:camera:{password}".encode()).hexdigest()
    assert people.ha1(AskHa1("ftp", user, "camera")) == ""
    bearer, _ = make_token(host, "nvr", ["view"])
    assert people.who(CheckToken(bearer["Authorization"].removeprefix("Bearer "), "")) == Person("admin (nvr)", ("view",))
    (listed,) = host.ask("GET", "/api/device-passwords").json()["device_passwords"]
    assert (listed["user"], listed["use"], listed["name"], listed["maker"]) == (user, "onvif", "Recorder", "admin")
    assert listed["used"] and "password" not in listed
    assert password.encode() not in b"".join(path.read_bytes() for path in (host.state / "host").glob("device-passwords*"))
    assert host.ask("DELETE", f"/api/device-passwords/{user}").status_code == 200
    assert people.who(CheckPassword("onvif", user, password, "")) == Nobody()
    assert host.ask("GET", "/api/packages", auth=(user, password)).status_code == 401


def as_fields(asked: CheckDigest) -> dict[str, str]:
    return {name: getattr(asked, name) for name in CheckDigest.__slots__}


def test_guesses_by_other_protocols_are_told_to_wait(host: Host) -> None:
    people = People(State(host.state).people_socket)
    wrong = CheckPassword("ftp", "ftp-aaaa", "guess", "198.51.100.77")
    assert [people.who(wrong) for _ in range(5)] == [Nobody()] * 5
    later = people.who(wrong)
    assert isinstance(later, Nobody) and 0 < later.wait_s <= PAUSE_S


def test_40_askers_at_once_and_nonsense_are_all_answered_or_cut(host: Host) -> None:
    import socket

    from board.kit.sockets import short_address

    path = State(host.state).people_socket
    silent = []
    for _ in range(8):
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with short_address(path) as name:
            sock.connect(name)
        silent.append(sock)
    silent[0].send(b'{"type": "CheckPassword", "body": {}}')
    silent[1].send(b"\xff" * 1000)
    people = People(path)
    with ThreadPoolExecutor(40) as threads:
        said = list(threads.map(lambda n: people.who(CheckPassword("ftp", "ftp-aaaa", "x", "")), range(40)))
    assert said == [Nobody()] * 40
    for sock in silent:
        sock.close()


def test_who_asks_a_host_that_is_not_there_is_told_so_at_once(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(PeopleUnreachable, match="the host does not answer"):
        People(State(tmp_path).people_socket).who(CheckToken("gw_x", ""))
    assert time.monotonic() - began < 10


def test_what_people_changed_is_recorded_with_who_and_from_where(host: Host) -> None:
    add(host, "guard", "viewer")
    host.ask("PUT", "/api/accounts/guard", json={"role": "operator"})
    make_token(host, "VMS", ["view"])
    host.ask("POST", "/api/device-passwords", json={"use": "ftp", "name": "Pictures"})
    host.ask("DELETE", "/api/accounts/guard", headers={"X-Forwarded-For": "198.51.100.5"})
    changes = host.ask("GET", "/api/changes").json()["changes"]
    newest = [(each["who"], each["what"], each["address"]) for each in changes[:6]]
    assert newest == [
        ("admin", "account removed", "198.51.100.5"),
        ("admin", "device password made", "127.0.0.1"),
        ("admin", "token made", "127.0.0.1"),
        ("admin", "role changed", "127.0.0.1"),
        ("guard", "password changed", "127.0.0.1"),
        ("admin", "account added", "127.0.0.1"),
    ]
    assert changes[3]["about"] == "guard (viewer to operator)"
    assert json.dumps(changes).find("gw_") < 0


def test_a_changed_password_ends_sessions_and_a_new_role_ends_them_too(host: Host) -> None:
    url = f"http://127.0.0.1:{host.port}"
    guard = add(host, "guard", "viewer")
    session = log_in(host, *guard)[0]
    assert session.get(f"{url}/api/packages").status_code == 200
    assert host.ask("PUT", "/api/accounts/guard", json={"role": "operator"}).status_code == 200
    assert session.get(f"{url}/api/packages").status_code == 401
    session = log_in(host, *guard)[0]
    assert host.ask("POST", "/api/password", json={"old": guard[1], "new": "the new mill wheel"}, auth=guard).status_code == 200
    assert session.get(f"{url}/api/packages").status_code == 401
    assert host.ask("POST", "/api/password", json={"old": "x", "new": "the new mill wheel"}).status_code == 422


def test_an_administrator_gives_a_password_to_who_forgot_it_and_who_replaces_it_at_the_next_log_in(host: Host) -> None:
    url = f"http://127.0.0.1:{host.port}"
    guard = add(host, "guard", "viewer")
    session = log_in(host, *guard)[0]
    given = host.ask("PUT", "/api/accounts/guard/password", json={"password": "blue barrier 4"})
    assert (given.status_code, given.json()) == (200, {"name": "guard"})
    assert session.get(f"{url}/api/packages").status_code == 401
    assert host.ask("GET", "/api/packages", auth=guard).status_code == 401
    assert host.ask("GET", "/api/packages", auth=("guard", "blue barrier 4")).status_code == 403
    accounts = {each["name"]: each["must_change"] for each in host.ask("GET", "/api/accounts").json()["accounts"]}
    assert accounts == {"admin": False, "guard": True}
    newest = host.ask("GET", "/api/changes").json()["changes"][0]
    assert (newest["who"], newest["what"], newest["about"]) == ("admin", "password given", "guard")
    own = host.ask(
        "POST", "/api/password", json={"old": "blue barrier 4", "new": "mill-street-18"}, auth=("guard", "blue barrier 4")
    )
    assert own.status_code == 200
    assert host.ask("GET", "/api/packages", auth=("guard", "mill-street-18")).status_code == 200


def test_nobody_gives_a_password_to_themselves_to_nobody_or_beyond_their_reach(host: Host) -> None:
    bearer, _ = make_token(host, "provisioning", ["people", "view"])
    for path, words in (
        ("admin", "choose your own password under Change password"),
        ("nobody", "there is no user nobody"),
    ):
        refused = host.ask("PUT", f"/api/accounts/{path}/password", json={"password": "blue barrier 4"})
        assert refused.status_code == 422 and words in refused.json()["error"]
    add(host, "boss", "admin")
    refused = host.ask("PUT", "/api/accounts/boss/password", json={"password": "blue barrier 4"}, auth=None, headers=bearer)
    assert refused.status_code == 422 and "does not have" in refused.json()["error"]
    add(host, "guard", "viewer")
    weak = host.ask("PUT", "/api/accounts/guard/password", json={"password": "password"})
    assert weak.status_code == 422


def test_a_killed_host_gives_no_new_tries(alone: Callable[..., Host]) -> None:
    host = alone()
    for number in range(6):
        host.ask("GET", "/api/packages", auth=("admin", f"guess {number}"))
    assert host.process is not None
    kept = State(host.state).guesses
    until(lambda: json.loads(kept.read_text())["wrong"].get("127.0.0.1", {}).get("count") == 5)
    asked = CheckPassword("onvif", "onvif-aaaa", "guess", "10.0.0.7")
    people = People(State(host.state).people_socket)
    assert [people.who(asked) for _ in range(5)] == [Nobody()] * 5
    kept = State(host.state).device_guesses
    until(lambda: json.loads(kept.read_text())["wrong"].get("10.0.0.7", {}).get("count") == 5)
    host.process.kill()
    host.process.wait(10)
    host.start()
    said = [host.ask("GET", "/api/packages", auth=("admin", f"guess {number}")).status_code for number in range(3)]
    assert said == [429] * 3
    later = people.who(asked)
    assert isinstance(later, Nobody) and later.wait_s > 0


def test_a_program_with_a_sessions_cookie_needs_no_origin_and_a_browser_does(alone: Callable[..., Host]) -> None:
    host = alone(choose=False)
    first, url = host.password, f"http://127.0.0.1:{host.port}"
    with requests.Session() as session:
        session.post(f"{url}/login", data={"user": "admin", "password": first}, allow_redirects=False)
        form = {"old": first, "new": OWN, "again": OWN}
        browser = {"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept-Language": "en"}
        assert session.post(f"{url}/password", data=form, headers=browser, allow_redirects=False).status_code == 403
        assert session.post(f"{url}/password", data=form, allow_redirects=False).headers["Location"] == "/"
        assert session.post(f"{url}/api/tokens", json={"name": "VMS", "permissions": ["view"]}).status_code == 201


def test_a_running_stream_ends_with_what_it_was_opened_by(host: Host) -> None:
    url = f"http://127.0.0.1:{host.port}"
    guard = add(host, "guard", "viewer")
    bearer, made = make_token(host, "wall display", ["view"])
    session, _ = log_in(host, *guard)

    def stop_by_log_out() -> None:
        assert session.post(f"{url}/logout", allow_redirects=False).headers["Location"] == "/login"

    def stop_by_revoking() -> None:
        assert host.ask("DELETE", f"/api/tokens/{made['id']}").status_code == 200

    def stop_by_password() -> None:
        body = {"old": guard[1], "new": "the new mill wheel"}
        assert host.ask("POST", "/api/password", json=body, auth=guard).status_code == 200

    def stop_by_removing() -> None:
        assert host.ask("DELETE", "/api/accounts/guard").status_code == 200

    for more, end in (
        ({"cookies": session.cookies.get_dict()}, stop_by_log_out),
        ({"headers": bearer}, stop_by_revoking),
        ({"auth": guard}, stop_by_password),
        ({"auth": ("guard", "the new mill wheel")}, stop_by_removing),
    ):
        with requests.get(f"{url}/tiny/stream", stream=True, timeout=10, **more) as stream:
            assert stream.status_code == 200
            came = stream.iter_lines()
            assert [next(came) for _ in range(4)] == [b"data: x", b""] * 2
            end()
            assert len(list(came)) < 100  # the stream ends; it would go on for ever
    session.close()


def test_a_log_in_is_recorded_with_who_and_from_where_and_a_wrong_one_is_not(host: Host) -> None:
    from_there = {"X-Forwarded-For": "198.51.100.77"}
    for password in ("wrong", OWN):
        host.ask("POST", "/login", data={"user": "admin", "password": password}, auth=None, headers=from_there)
    changes = [(each["who"], each["what"]) for each in host.ask("GET", "/api/changes").json()["changes"] if "77" in each["address"]]
    assert changes == [("admin", "logged in")]
