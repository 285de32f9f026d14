"""Security pages of the host: sessions that are ended, keys that are trusted, changes that are filtered and taken along."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from firmware.packages.keys import make_pair
from tests.tiny_package import trust_file
from tests.waiting import until

ROOT = Path(__file__).parents[2]
OURS = {"X-Requested-With": "test"}


class Host:
    def __init__(self, folder: Path) -> None:
        self.state = folder / "state"
        self.key = trust_file(folder)
        words = ["-m", "tests.quick_host", "--state", str(self.state), "--port", "0", "--trust", str(self.key)]
        self.process = subprocess.Popen([sys.executable, *words], cwd=ROOT, stderr=subprocess.DEVNULL)
        log = self.state / "logs" / "hostd.log"
        until(lambda: "listening on" in log.read_text())
        port = re.findall(r"port (\d+)", log.read_text())[0]
        self.url = f"http://127.0.0.1:{port}"
        self.auth = ("admin", "correct horse")
        first = (self.state / "host" / "initial-password").read_text().strip()
        body = {"old": first, "new": self.auth[1]}
        requests.post(f"{self.url}/api/password", json=body, auth=("admin", first), timeout=10).raise_for_status()

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return requests.request(method, self.url + path, **{"auth": self.auth, "timeout": 20, "headers": OURS, **more})

    def browser(self, agent: str = "test") -> requests.Session:
        session = requests.Session()
        session.headers.update({**OURS, "User-Agent": agent})
        form = {"user": "admin", "password": self.auth[1]}
        assert session.post(f"{self.url}/login", data=form, timeout=10, allow_redirects=False).status_code == 303
        return session


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    running = Host(tmp_path_factory.mktemp("security"))
    yield running
    running.process.terminate()
    assert running.process.wait(20) == 0


def test_a_session_is_listed_without_its_secret_and_ended(host: Host) -> None:
    with host.browser("gatehouse <b>") as one, host.browser("tablet") as other:
        listed = one.get(f"{host.url}/api/sessions", timeout=10).json()["sessions"]
        assert {(each["agent"], each["own"], each["user"]) for each in listed} >= {
            ("gatehouse <b>", True, "admin"),
            ("tablet", False, "admin"),
        }
        assert not any(secret in str(listed) for secret in (*one.cookies.values(), *other.cookies.values()))
        assert "gatehouse &lt;b&gt;" in one.get(f"{host.url}/setup/security/sessions.html", timeout=10).text
        victim = next(each["id"] for each in listed if each["agent"] == "tablet")
        assert one.delete(f"{host.url}/api/sessions/{victim}", timeout=10).json() == {"name": "admin"}
        assert other.get(f"{host.url}/api/me", timeout=10).status_code == 401
        gone = one.delete(f"{host.url}/api/sessions/{victim}", timeout=10)
        assert (gone.status_code, gone.json()["error"]) == (422, "there is no such session any more")
        assert one.delete(f"{host.url}/api/sessions", timeout=10).json()["ended"] >= 0
        assert [each["own"] for each in one.get(f"{host.url}/api/sessions", timeout=10).json()["sessions"]] == [True]


def test_a_key_is_trusted_and_removed_only_with_its_fingerprint(host: Host, tmp_path: Path) -> None:
    pem = make_pair(tmp_path / "vendor.key").read_text()
    (given,) = host.ask("GET", "/api/keys").json()["keys"]
    assert given["removable"] is False
    refused = host.ask("POST", f"/api/keys/{given['fingerprint']}/remove", json={"confirm": given["fingerprint"]})
    assert (refused.status_code, "only be taken away there" in refused.json()["error"]) == (422, True)
    added = host.ask("POST", "/api/keys", json={"name": "vendor", "pem": pem})
    assert (added.status_code, added.json()["key"]["name"], added.json()["key"]["removable"]) == (201, "vendor", True)
    print_ = added.json()["key"]["fingerprint"]
    twice = host.ask("POST", "/api/keys", json={"name": "again", "pem": pem})
    assert (twice.status_code, twice.json()["error"]) == (422, "this key is trusted already")
    for name in ("../up", "a/b", ".hidden", "", "x" * 41):
        other = make_pair(tmp_path / f"{len(name)}{name.count('/')}.key").read_text()
        assert host.ask("POST", "/api/keys", json={"name": name, "pem": other}).status_code == 422
    no_key = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"
    assert host.ask("POST", "/api/keys", json={"name": "rsa", "pem": no_key}).status_code == 422
    assert host.ask("POST", f"/api/keys/{print_}/remove", json={"confirm": "0" * 8}).status_code == 422
    assert host.ask("POST", f"/api/keys/{print_}/remove", json={"confirm": print_[:8]}).status_code == 200
    assert [each["name"] for each in host.ask("GET", "/api/keys").json()["keys"]] == [given["name"]]


def test_a_token_cannot_choose_whom_the_camera_trusts_nor_that_it_takes_what_it_did_not(host: Host, tmp_path: Path) -> None:
    made = host.ask("POST", "/api/tokens", json={"name": "ci", "permissions": ["packages"]}).json()
    pem = make_pair(tmp_path / "evil.key").read_text()
    bearer = {"auth": None, "headers": {"Authorization": f"Bearer {made['token']}"}}
    assert host.ask("GET", "/api/keys", **bearer).status_code == 200
    assert host.ask("POST", "/api/keys", json={"name": "evil", "pem": pem}, **bearer).status_code == 403
    assert host.ask("PUT", "/api/packages/unsigned", json={"unsigned": True}, **bearer).status_code == 403
    assert host.ask("PUT", "/api/packages/unsigned", json={"unsigned": False}, **bearer).status_code == 200
    assert host.ask("GET", "/api/packages").json()["unsigned"] is False
    assert host.ask("PUT", "/api/packages/older", json={"older": "never"}, **bearer).status_code == 200
    assert host.ask("PUT", "/api/packages/older", json={"older": "ask"}, **bearer).status_code == 403
    assert host.ask("GET", "/api/packages").json()["older"] == "never"
    assert host.ask("PUT", "/api/packages/older", json={"older": "ask"}).status_code == 200


def test_changes_are_filtered_and_taken_along_without_formulas(host: Host) -> None:
    for name in ("=1+1", "plain"):
        host.ask("POST", "/api/tokens", json={"name": name, "permissions": ["view"]}).raise_for_status()
    found = host.ask("GET", "/api/changes?find=TOKEN MADE").json()["changes"]
    assert {each["what"] for each in found} == {"token made"}
    day = found[0]["at"][:10]
    assert host.ask("GET", f"/api/changes?since={day}&until={day}").json()["changes"] != []
    assert host.ask("GET", "/api/changes?until=2020-01-01").json()["changes"] == []
    answer = host.ask("GET", "/setup/security/changes.csv?find=token made")
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0] == ["at", "who", "address", "what", "about"]
    assert rows[1][3:] == ["token made", "plain (view)"]
    assert rows[2][3:] == ["token made", "'=1+1 (view)"]
    page = host.ask("GET", "/setup/security/changes.html?find=nobody-did-this", headers={"Accept": "text/html"})
    assert "No change fits." in page.text
    host.browser().close()
    page = host.ask("GET", "/setup/security/changes.html?find=logged+in", headers={"Accept": "text/html"})
    assert "<td>logged in</td>" in page.text  # no colon where nothing comes after it
