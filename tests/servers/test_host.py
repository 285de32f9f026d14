"""Host over real HTTP: log-in, upload, start, status lines, stop, upgrade, and what strangers try."""

from __future__ import annotations

import base64
import html
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from board.identity import device_serial
from board.kit.state import State
from firmware.gateway.app import routes
from firmware.packages.keys import public_of, public_pem, read_public
from firmware.packages.licence import licence_bytes
from firmware.packages.manifest import HOSTS_PATHS
from firmware.run import main as run
from tests.tiny_package import KEY, OTHER_KEY, contents, trust_file, write
from tests.waiting import until

ROOT = Path(__file__).parents[2]
VADP_PAGE = "/setup/application/vadp.html"
UPLOAD = "/cgi-bin/admin/upload_vadp.cgi"
OWN = "correct horse battery"
CONTROL = "/cgi-bin/admin/vadpctrl.cgi"
PARAMETERS = "/cgi-bin/admin/getparam.cgi"
SETPARAM = "/cgi-bin/admin/setparam.cgi"


class Host:
    """A running host process on a state folder of its own. `module`: what is run, tests/quick_host.py or the real one."""

    def __init__(self, folder: Path, module: str = "tests.quick_host") -> None:
        self.module = module
        self.folder = folder
        self.state = folder / "state"
        self.log = self.state / "logs" / "hostd.log"
        self.trust = trust_file(folder)
        self.process: subprocess.Popen[str] | None = None
        self.port = 0

    def start(self, *more: str, choose: bool = True) -> None:
        """`choose`: the first password is replaced by OWN at once."""
        self.log.unlink(missing_ok=True)
        self.process = subprocess.Popen([*self.command(), *more], cwd=ROOT, stderr=subprocess.DEVNULL, text=True)
        until(self._listens)
        if choose and self.password != OWN:
            self.choose("admin", self.password, OWN)

    def choose(self, user: str, old: str, new: str) -> None:
        """What the first log-in asks for, as a program does it."""
        form = {"old": old, "new": new, "again": new}
        assert self.ask("POST", "/password", data=form, auth=(user, old)).status_code == 303

    def command(self, port: int = 0) -> list[str]:
        words = ["-m", self.module, "--state", str(self.state), "--port", str(port), "--sd", str(self.folder / "card")]
        return [sys.executable, *words, "--trust", str(self.trust)]

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert self.process.wait(20) == 0

    def _listens(self) -> bool:
        found = re.search(r"listening on 127\.0\.0\.1 port (\d+)", self.log.read_text()) if self.log.exists() else None
        self.port = int(found[1]) if found else 0
        return self.port > 0

    @property
    def password(self) -> str:
        """The administrator's: the first one, as long as it is that."""
        initial = self.state / "host" / "initial-password"
        return initial.read_text().strip() if initial.exists() else OWN

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        more.setdefault("auth", ("admin", self.password))
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=30, allow_redirects=False, **more)

    def upload(
        self, members: dict[str, bytes] | None = None, fields: dict[str, str] | None = None, **more: Any
    ) -> requests.Response:
        path = write(self.folder / "upload.tar.gz", contents() if members is None else members)
        files = {"smartvca_pkg": ("TINY-1.0.0-all.tar.gz", path.read_bytes(), "application/gzip")}
        return self.ask("POST", UPLOAD, files=files, data=fields or {}, **more)

    def control(self, cmd: str, idx: int = 0) -> str:
        return self.ask("GET", f"{CONTROL}?idx={idx}&cmd={cmd}").text

    def package(self) -> dict[str, Any]:
        (found,) = self.ask("GET", "/api/packages").json()["packages"]
        assert isinstance(found, dict)
        return found

    def remove_all(self) -> None:
        while "is removed" in self.control("remove"):
            pass


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    host = Host(tmp_path_factory.mktemp("host"))
    host.start()
    yield host
    host.stop()


@pytest.fixture
def host(running: Host) -> Host:
    running.remove_all()
    return running


def raw(host: Host, data: bytes) -> bytes:
    """What comes back for bytes that no HTTP library would send."""
    with socket.create_connection(("127.0.0.1", host.port), timeout=10) as sock:
        sock.sendall(data)
        sock.shutdown(socket.SHUT_WR)
        answer = b""
        while part := sock.recv(65536):
            answer += part
        return answer


def log_in(host: Host, user: str, password: str, **more: Any) -> tuple[requests.Session, requests.Response]:
    session = requests.Session()
    session.headers["Origin"] = f"http://127.0.0.1:{host.port}"  # as a browser does for everything that changes something
    reply = session.post(
        f"http://127.0.0.1:{host.port}/login", data={"user": user, "password": password}, allow_redirects=False, timeout=30, **more
    )
    return session, reply


def test_upload_answers_progress_and_the_final_line_that_clients_look_for(host: Host) -> None:
    reply = host.upload()
    assert reply.status_code == 200
    assert reply.headers["Content-Type"] == "text/html; charset=utf-8"
    text = re.sub(r"<script>.*?</script>|<[^>]+>", "", reply.text).strip().splitlines()
    assert text == ["TINY 1.0.0: signature and contents are right", "stored on the camera", "checked", "'TINY is uploaded'"]
    assert reply.text.count("<script>document.write('.')</script>") == 3


def test_upload_answers_json_to_those_who_ask_for_it(host: Host) -> None:
    reply = host.upload(headers={"Accept": "application/json"})
    assert reply.status_code == 201
    assert (reply.json()["package"], reply.json()["version"]) == ("TINY", "1.0.0")
    refused = host.upload(contents(key=OTHER_KEY), headers={"Accept": "application/json"})
    assert refused.status_code == 400
    assert refused.json()["error"].startswith("package.sig: the signature is not one of a trusted vendor")


def test_status_lines_are_exact_before_and_after_start_and_stop(host: Host) -> None:
    assert host.ask("GET", f"{PARAMETERS}?vadp_module").text == "vadp_module_number='0'\r\nvadp_module_order=''\r\n"
    host.upload()
    lines = [
        "vadp_module_number='1'",
        "vadp_module_order=''",
        "vadp_module_i0_enable='0'",
        "vadp_module_i0_name='TINY'",
        "vadp_module_i0_extendedname='Tiny package'",
        "vadp_module_i0_url='/tiny/'",
        "vadp_module_i0_vendor='Acme'",
        "vadp_module_i0_vendorurl='https://example.invalid/'",
        "vadp_module_i0_version='1.0.0'",
        "vadp_module_i0_license='not needed'",
        "vadp_module_i0_licmsg=''",
        "vadp_module_i0_path='camera'",
        "vadp_module_i0_initscr='initscr'",
        "vadp_module_i0_status='off'",
        "vadp_module_i0_statmsg=''",
        "vadp_module_i0_vvtklicensemec='none'",
    ]
    reply = host.ask("GET", f"{PARAMETERS}?vadp_module")
    assert reply.content == "".join(f"{line}\r\n" for line in lines).encode()
    assert reply.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert "'TINY is started'" in host.control("start")
    until(lambda: host.ask("GET", f"{PARAMETERS}?vadp_module_i0_status").content == b"vadp_module_i0_status='on'\r\n")
    joined = host.ask("GET", f"{PARAMETERS}?vadp_module_i0_name&vadp_module_number&capability").content
    both = b"capability_vadp_npackage='10'\r\ncapability_nvadppkg='10'\r\n"
    assert joined == both + b"vadp_module_number='1'\r\nvadp_module_i0_name='TINY'\r\n"
    assert host.ask("GET", f"{PARAMETERS}?vadp_module_i").content == b""
    assert "'TINY is stopped'" in host.control("stop")
    assert host.ask("GET", f"{PARAMETERS}?vadp_module_i0_status").content == b"vadp_module_i0_status='off'\r\n"


def test_the_hours_of_a_package_are_set_as_vivoteks_clients_do_and_by_the_api_and_changes_says_who(host: Host) -> None:
    host.upload()
    group = f"{PARAMETERS}?vadp_schedule"
    lines = "vadp_schedule_i0_enable='{}'\r\nvadp_schedule_i0_begintime='{}'\r\nvadp_schedule_i0_endtime='{}'\r\n"
    assert host.ask("GET", group).text == lines.format(0, "00:00", "00:00")
    wanted = "vadp_schedule_i0_enable=1&vadp_schedule_i0_begintime=07:30&vadp_schedule_i0_endtime=18:00"
    assert host.ask("GET", f"{SETPARAM}?{wanted}").text == lines.format(1, "07:30", "18:00")
    assert host.package()["schedule"] == {"enable": True, "begin": "07:30", "end": "18:00"}
    for query, said in (
        ("vadp_schedule_i0_endtime=25:00", "end: '25:00' is not a time like 07:30"),
        ("vadp_schedule_i0_enable=yes", "vadp_schedule_i0_enable must be 0 or 1"),
        ("vadp_schedule_i7_enable=1", "there is no package with index 7"),
        ("vadp_schedule_x=1", "there is no parameter vadp_schedule_x"),
        ("vadp_schedule_i0_enable=1&vadp_schedule_i0_enable=0", "vadp_schedule_i0_enable is there twice"),
    ):
        reply = host.ask("GET", f"{SETPARAM}?{query}")
        assert (reply.status_code, said in reply.text) == (400, True), reply.text
        assert reply.text.startswith("ERROR: ")  # which clients look for
    assert host.ask("GET", group).text == lines.format(1, "07:30", "18:00")
    sent = {"enable": True, "begin": "22:00", "end": "05:30"}
    assert host.ask("PUT", "/api/packages/TINY/schedule", json=sent).json() == {"package": "TINY", **sent}
    assert host.ask("PUT", "/api/packages/TINY/schedule", json={**sent, "begin": "noon"}).status_code == 400
    assert host.ask("PUT", "/api/packages/NONE/schedule", json=sent).status_code == 400
    newest = (host.state / "host" / "changes.log").read_text().splitlines()[-1]
    assert json.loads(newest) | {"at": ""} == {
        "at": "", "who": "admin", "address": "127.0.0.1", "what": "schedule of a package on", "about": "TINY 22:00-05:30",
    }  # fmt: skip
    assert host.ask("PUT", "/api/packages/TINY/schedule", json={"enable": False}).status_code == 200


def test_parameters_are_asked_for_and_set_by_a_form_as_well(host: Host) -> None:
    host.upload()
    hours = {"vadp_schedule_i0_enable": "1", "vadp_schedule_i0_begintime": "22:00", "vadp_schedule_i0_endtime": "06:00"}
    reply = host.ask("POST", SETPARAM, data={**hours, "update": "1"})
    assert reply.text == "".join(f"{name}='{value}'\r\n" for name, value in hours.items())
    assert host.package()["schedule"] == {"enable": True, "begin": "22:00", "end": "06:00"}
    assert host.ask("POST", PARAMETERS, data={"vadp_schedule_i0_begintime": ""}).text == "vadp_schedule_i0_begintime='22:00'\r\n"
    reply = host.ask("GET", f"{SETPARAM}?vadp_schedule_i0_enable=0&return=/setup/application/vadp.html")
    assert (reply.status_code // 100, reply.headers["Location"].endswith("/setup/application/vadp.html")) == (3, True)
    for more, said in (
        ("system_hostname=x", "system_hostname cannot be set together with vadp_schedule_"),
        ("return=//evil", "return"),
    ):
        reply = host.ask("GET", f"{SETPARAM}?vadp_schedule_i0_begintime=09:00&{more}")
        assert (reply.status_code, "ERROR: " in reply.text, said in reply.text) == (400, True, True), reply.text
    assert host.ask("POST", SETPARAM, data="x" * 70_000).status_code == 413


def test_a_form_of_parameters_that_are_the_packages_reaches_it_whole(host: Host) -> None:
    host.upload(contents(conf=with_cgis))
    host.control("start")
    until(lambda: host.ask("GET", "/health").status_code == 200)
    said = host.ask("POST", SETPARAM, data={"system_hostname": "Gate", "update": "1"}).json()
    assert (said["method"], said["path"], said["sent"]) == ("POST", SETPARAM, len("system_hostname=Gate&update=1"))


def test_menus_and_events_of_packages_stand_among_the_parameters(host: Host) -> None:
    host.upload()
    assert host.ask("GET", f"{PARAMETERS}?vadp_hyperlink&vadp_event&capability_nvadppkg").text == (
        "capability_nvadppkg='10'\r\nvadp_event_ntrigger='0'\r\nvadp_hyperlink_i0_moduleidx='0'\r\n"
        "vadp_hyperlink_i0_title='Tiny package'\r\nvadp_hyperlink_i0_url='/tiny/'\r\nvadp_hyperlink_i0_status='off'\r\n"
    )
    serial = host.ask("GET", "/api/packages").json()["serial"]
    assert serial and host.ask("GET", f"{PARAMETERS}?vadp_number").text == f"vadp_number='{serial}'\r\n"


def test_unsigned_packages_are_taken_only_while_that_is_switched_on_and_never_quietly(host: Host) -> None:
    unsigned = contents("3.0.0", key=OTHER_KEY)
    assert "the signature is not one of a trusted vendor" in host.upload(unsigned).text
    assert host.ask("GET", "/api/packages").json()["unsigned"] is False
    assert host.ask("PUT", "/api/packages/unsigned", json={"unsigned": True}).json() == {"unsigned": True}
    assert "TINY 3.0.0: NOT SIGNED by anybody whom this camera trusts" in host.upload(unsigned).text
    assert (host.package()["version"], host.package()["signed"]) == ("3.0.0", False)
    host.ask("PUT", "/api/packages/unsigned", json={"unsigned": False})
    changes = [json.loads(line) for line in (host.state / "host" / "changes.log").read_text().splitlines()]
    assert [each["what"] for each in changes[-3:]] == [
        "UNSIGNED PACKAGES ALLOWED", "UNSIGNED package installed", "unsigned packages refused",
    ]  # fmt: skip
    assert "the signature is not one of a trusted vendor" in host.upload(contents("4.0.0", key=OTHER_KEY)).text
    assert "'TINY is started'" in host.control("start")  # what is installed stays
    until(lambda: host.package()["status"] == "on")
    assert "TINY is uploaded" in host.upload(contents("4.0.0")).text
    assert host.package()["signed"] is True


def test_a_second_upload_is_an_upgrade_and_rollback_brings_the_first_back(host: Host) -> None:
    host.upload()
    host.control("start")
    until(lambda: host.package()["slot_state"] == "good")
    host.upload(contents(version="2.0.0"))
    until(lambda: (host.package()["version"], host.package()["status"]) == ("2.0.0", "on"))
    assert "'TINY is rolled back'" in host.control("rollback")
    until(lambda: (host.package()["version"], host.package()["status"]) == ("1.0.0", "on"))
    assert "'TINY is restarted'" in host.control("restart")
    assert "'TINY is removed'" in host.control("remove")


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("idx=0&cmd=start", 409, "start failed: there is no package with index 0"),
        ("idx=-1&cmd=start", 400, "idx must be a number"),
        ("idx=x&cmd=start", 400, "idx must be a number"),
        ("cmd=start", 400, "idx must be a number"),
        ("idx=0", 400, "cmd must be one of start, stop, restart, remove, rollback"),
        ("idx=0&cmd=<script>", 400, "cmd must be one of"),
        ("idx=0&idx=1&cmd=start", 400, "idx is there twice"),
        ("idx=0&cmd=stop&cmd=remove", 400, "cmd is there twice"),
    ],
)
def test_a_wrong_control_request_says_what_is_wrong(host: Host, query: str, status: int, said: str) -> None:
    reply = host.ask("GET", f"{CONTROL}?{query}")
    assert reply.status_code == status
    assert said in reply.text
    assert "<script>" not in reply.text


def test_a_package_is_controlled_by_a_form_too(host: Host) -> None:
    """As docs/cgi.md says of each CGI."""
    host.upload()
    assert "'TINY is started'" in host.ask("POST", CONTROL, data={"idx": "0", "cmd": "start"}).text
    assert "'TINY is stopped'" in host.ask("POST", f"{CONTROL}?idx=0", data={"cmd": "stop"}).text
    assert "idx is there twice" in host.ask("POST", f"{CONTROL}?idx=0", data={"idx": "1", "cmd": "stop"}).text
    assert host.ask("POST", CONTROL, data={"idx": "0", "cmd": ["stop", "remove"]}).status_code == 400
    assert "'TINY is started'" in host.ask("POST", f"{CONTROL}?idx=0&cmd=start").text


def test_a_head_changes_nothing(host: Host) -> None:
    """RFC 9110, 9.2.1: whoever looks whether a link is still good sends it; it stopped, and removed, packages."""
    host.upload()
    for address in (f"{CONTROL}?idx=0&cmd=remove", "/cgi-bin/admin/setparam.cgi?vadp_schedule_i0_enable=1"):
        assert host.ask("HEAD", address).status_code == 405
    assert host.package()["name"] == "TINY"
    assert host.ask("HEAD", "/cgi-bin/admin/getparam.cgi?vadp_module").status_code == 200


def test_save_to_sd_card_without_a_card_is_refused_and_with_one_stored_there(host: Host) -> None:
    refused = host.upload(fields={"save2sd": "1"})
    assert "upload failed: there is no SD card in the camera" in refused.text
    (host.folder / "card").mkdir()
    assert "'TINY is uploaded'" in host.upload(fields={"save2sd": "1"}).text
    assert host.package()["storage"] == "sd"
    assert (host.folder / "card" / "gatewright" / "packages" / "TINY" / "A").is_dir()
    host.remove_all()
    (host.folder / "card" / "gatewright").rename(host.folder / "old")
    (host.folder / "card").rmdir()


def test_a_bad_package_is_refused_with_its_status_and_the_running_one_stays(host: Host) -> None:
    host.upload()
    tampered = contents(version="2.0.0")
    tampered["LICENSE"] = b"paid"
    reply = host.upload(tampered)
    assert reply.status_code == 400
    assert "upload failed: LICENSE: damaged or changed" in reply.text
    assert host.package()["version"] == "1.0.0"
    assert list((host.state / "host" / "uploads").iterdir()) == []


def test_the_portal_gets_user_and_role_and_no_forged_ones(host: Host) -> None:
    host.upload()
    host.control("start")
    until(lambda: host.ask("GET", "/tiny/").status_code == 200)
    forged = {
        "X-Gatewright-User": "root",
        "X_Gatewright_Role": "root",
        "Cookie": f"a=1; gatewright_session=zzz; gatewright_session_{host.port}=zzz",
        "Connection": "X-Secret",
        "X-Secret": "1",
    }
    seen = host.ask("GET", "/tiny/api/live?x=1%2F2", headers=forged).json()
    headers = {name.lower(): value for name, value in seen["headers"].items()}
    assert seen["path"] == "/tiny/api/live?x=1%2F2"
    assert (headers["x-gatewright-user"], headers["x-gatewright-role"]) == ("admin", "admin")
    assert headers["cookie"] == "a=1"
    assert not {"authorization", "x-secret", "keep-alive", "transfer-encoding"} & headers.keys()
    assert host.ask("POST", "/tiny/list", data=b"x" * 300_000).json()["sent"] == 300_000
    assert host.ask("GET", "/tiny").headers["Location"] == "/tiny/"


def test_a_stopped_portal_shows_a_page_that_leads_to_package_management(host: Host) -> None:
    host.upload()
    reply = host.ask("GET", "/tiny/")
    assert reply.status_code == 503
    assert "TINY is stopped" in reply.text and "Mode: <strong>STOPPED</strong>" in reply.text
    assert 'href="/setup/application/vadp.html"' in reply.text
    assert host.ask("GET", "/tiny/api/live").json()["error"] == "TINY is stopped"


@pytest.mark.parametrize(
    "path",
    [
        "/tiny/../api/packages",
        "/tiny/%2e%2e/x",
        "/tiny/..%5cx",
        "/tiny/a%0ab",
        "/host/../accounts.py",
        "/host/%2e%2e%2faccounts.py",
    ],
)
def test_path_tricks_lead_nowhere(host: Host, path: str) -> None:
    host.upload()
    host.control("start")
    until(lambda: host.ask("GET", "/tiny/").status_code == 200)
    token = requests.auth._basic_auth_str("admin", host.password)
    answer = raw(host, f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nConnection: close\r\n\r\n".encode())
    assert answer.split(b" ")[1] in (b"400", b"404", b"403")
    assert b"scrypt" not in answer


@pytest.mark.parametrize("path", [f"{PARAMETERS}?vadp_module", f"{CONTROL}?idx=0&cmd=start", "/api/packages"])
def test_strangers_get_401_with_a_challenge(host: Host, path: str) -> None:
    reply = host.ask("GET", path, auth=None)
    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, 'Basic realm="Gatewright", charset="UTF-8"')
    assert host.upload(auth=None).status_code == 401


@pytest.mark.parametrize("path", ["/", "/setup/application/vadp.html", "/setup/security/accounts.html", "/tiny/", "/anything"])
def test_pages_send_strangers_to_the_log_in(host: Host, path: str) -> None:
    reply = host.ask("GET", path, auth=None)
    assert (reply.status_code, reply.headers["Location"]) == (303, f"/login?next={path}")


def test_every_page_is_found_with_a_slash_behind_it_and_by_the_address_that_its_forms_go_to(host: Host) -> None:
    """Whoever sends a form when the session is over logs in and is led to where the form went."""
    pages = {route.path for route in routes() if route.is_page and route.method == "GET" and ":" not in route.path} - {""}
    forms = {route.path for route in routes() if route.is_page and route.method == "POST" and ":" not in route.path}
    assert forms <= pages
    for path in sorted(pages):
        reply = host.ask("GET", f"/{path}/?a=%C3%9C%26")
        assert (reply.status_code, reply.headers["Location"]) == (303, f"/{path}?a=%C3%9C%26")
    for path in sorted(forms):
        reply = host.ask("GET", f"/{path}")
        assert reply.status_code in (200, 303) and reply.headers.get("Location") != f"/{path}", path
    reply = host.ask("POST", "/setup/security/accounts/add", data={"user": "x"}, auth=None)
    assert reply.headers["Location"] == "/login?next=/setup/security/accounts/add"
    assert host.ask("GET", "/setup/security/accounts/add").headers["Location"] == "/setup/security/accounts.html"


def test_another_site_cannot_make_a_browser_act(host: Host) -> None:
    host.upload()
    for headers in (
        {"Origin": "http://evil.invalid"},
        {"Referer": "http://evil.invalid/x"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Origin": "null"},
    ):
        assert host.ask("GET", f"{CONTROL}?idx=0&cmd=start", headers=headers).status_code == 403
        assert host.ask("POST", "/api/packages/TINY/start", headers=headers).status_code == 403
        assert host.upload(headers=headers).status_code == 403
        assert log_in(host, "admin", host.password, headers=headers)[1].status_code == 403
    assert host.package()["enabled"] is False
    here = {"Origin": f"http://127.0.0.1:{host.port}", "Sec-Fetch-Site": "same-origin"}
    assert host.ask("POST", "/api/packages/TINY/start", headers=here).status_code == 200


def test_oversize_and_unmeasured_uploads_are_refused_before_they_are_read(host: Host) -> None:
    token = requests.auth._basic_auth_str("admin", host.password)
    head = f"POST {UPLOAD} HTTP/1.1\r\nHost: x\r\nAuthorization: {token}\r\nContent-Type: multipart/form-data; boundary=b\r\n"
    assert raw(host, (head + "Content-Length: 99999999999\r\n\r\n").encode()).split(b" ")[1] == b"413"
    assert raw(host, (head + "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n20000\r\n").encode()).split(b" ")[1] == b"411"
    broken = raw(host, (head + "Content-Length: 1000\r\nConnection: close\r\n\r\n--b\r\n").encode())
    assert b"upload failed: the upload broke off before its end" in broken


def test_a_large_body_of_a_stranger_is_refused_and_not_kept(host: Host) -> None:
    reply = host.ask("POST", "/api/packages", data=b"x" * 3_000_000, auth=None)
    assert reply.status_code == 401
    assert host.ask("POST", "/login", data={"user": "x" * 20_000}, auth=None).status_code == 413


def test_health_tells_when_every_enabled_portal_answers(host: Host) -> None:
    assert host.ask("GET", "/health", auth=None).json() == {"status": "ok"}
    host.upload(contents(processes={"pins": "live"}))
    host.control("start")
    reply = host.ask("GET", "/health", auth=None)
    assert (reply.status_code, reply.json()) == (503, {"status": "starting"})


@pytest.mark.parametrize("name", ["look.css", "host.css", "ready.js", "vadp.js", "words.js"])
def test_what_the_pages_load_is_given_to_everybody(host: Host, name: str) -> None:
    assert host.ask("GET", f"/host/{name}", auth=None).status_code == 200


def test_static_files_are_packed_once_asked_for_again_with_their_mark_and_measured_by_head(host: Host) -> None:
    first = host.ask("GET", "/host/host.css", auth=None, headers={"Accept-Encoding": "gzip"})
    assert (first.status_code, first.headers["Content-Encoding"], first.headers["Vary"]) == (200, "gzip", "Accept-Encoding")
    plain = host.ask("GET", "/host/host.css", auth=None, headers={"Accept-Encoding": "identity"})
    assert plain.content == first.content and "Content-Encoding" not in plain.headers
    assert int(first.headers["Content-Length"]) < len(plain.content) / 2
    again = host.ask("GET", "/host/host.css", auth=None, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    head = host.ask("HEAD", "/host/host.css", auth=None, headers={"Accept-Encoding": "identity"})
    assert (head.status_code, head.content, int(head.headers["Content-Length"])) == (200, b"", len(plain.content))


def test_a_header_that_is_no_text_is_no_fault_of_the_camera(host: Host) -> None:
    for name in ("Accept", "Accept-Encoding", "Accept-Language", "Cookie", "If-None-Match", "User-Agent", "Referer"):
        head = f"GET /login HTTP/1.1\r\nHost: x\r\n{name}: ".encode() + b"\xff\xfe\r\nConnection: close\r\n\r\n"
        assert raw(host, head).split(b" ")[1] == b"200", name


def test_errors_are_told_in_plain_words_without_a_traceback(host: Host) -> None:
    reply = host.ask("DELETE", "/login")
    assert reply.status_code == 404
    assert "Traceback" not in reply.text


def test_the_package_outlives_a_kill_of_the_host_and_every_process_of_it(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.start()
    host.upload()
    host.control("start")
    until(lambda: host.ask("GET", "/tiny/").status_code == 200)
    before = {process["name"]: process["pid"] for process in host.package()["processes"]}
    assert host.process is not None
    host.process.kill()
    host.process.wait()
    host.start()
    until(lambda: host.ask("GET", "/tiny/").status_code == 200)
    after = {process["name"]: process["pid"] for process in host.package()["processes"]}
    assert after.keys() == before.keys() and not set(after.values()) & set(before.values())
    for name, pid in after.items():
        os.kill(pid, signal.SIGKILL)
        until(lambda name=name, pid=pid: {p["name"]: p["pid"] for p in host.package()["processes"]}[name] not in (0, pid))  # type: ignore[misc]
    host.stop()
    assert all(not Path(f"/proc/{pid}").exists() for pid in after.values())


def test_who_asks_for_the_log_in_is_said_by_the_route(host: Host) -> None:
    def with_routes(text: str) -> str:
        return text + "".join(
            f"[route.{name}]\npath = /{name}/\nsocket = manager.sock\nauthenticates = {who}\n"
            for name, who in (("lpr", "package"), ("open", "none"))
        )

    host.upload(contents(processes={"manager": "http", "pins": "live"}, optional=["pins"], conf=with_routes))
    host.control("start")
    until(lambda: host.ask("GET", "/health").status_code == 200)

    def heard(path: str, auth: object = None, **headers: str) -> tuple[int, dict[str, str]]:
        reply = host.ask("GET", path, auth=auth, headers=headers)
        said = reply.json().get("headers", {}) if reply.status_code == 200 else {}
        told = {name.lower(): value for name, value in said.items()}
        return reply.status_code, {name: told.get(name, "") for name in ("authorization", "x-gatewright-user", "x-forwarded-for")}

    forged = {"X-Gatewright-User": "root", "X-Forwarded-For": "10.9.8.7"}
    nobody = {"authorization": "", "x-gatewright-user": "", "x-forwarded-for": "127.0.0.1"}
    basic = requests.auth._basic_auth_str("recorder", "secret")
    assert heard("/tiny/api/x") == (401, dict.fromkeys(nobody, ""))
    assert heard("/tiny/api/x", ("admin", host.password)) == (200, nobody | {"x-gatewright-user": "admin"})
    assert heard("/lpr/1.jpg", **forged) == (200, nobody)
    assert heard("/lpr/1.jpg", ("recorder", "secret"), **forged) == (200, nobody | {"authorization": basic})
    assert heard("/open/", ("recorder", "secret"), **forged) == (200, nobody)
    assert heard("/open", None)[0] == 303
    assert heard("/none/", None)[0] in (302, 303, 401)


def with_cgis(text: str) -> str:
    """The tiny package in the second format, with CGIs of its own."""
    text = text.replace("format = 1", "format = 2").replace("url = /tiny/\n", "")
    return f"{text}[route.portal]\npath = /tiny/\nsocket = manager.sock\n[route.cgi]\npath = /cgi-bin/\nsocket = manager.sock\n"


def test_a_package_answers_the_cgis_that_are_not_the_hosts_and_learns_whether_a_program_asks(host: Host) -> None:
    host.upload(contents(conf=with_cgis))
    assert host.ask("GET", "/cgi-bin/dido/setdo.cgi?do1=1").json()["error"] == "TINY is stopped"
    host.control("start")
    until(lambda: host.ask("GET", "/health").status_code == 200)

    def told(auth: object, headers: dict[str, str], ask: Any = requests.get) -> str:
        """What the package hears of X-Gatewright-Program; "refused": it hears nothing at all."""
        reply = ask(f"http://127.0.0.1:{host.port}/cgi-bin/dido/setdo.cgi?do1=1", auth=auth, headers=headers, timeout=30)
        if reply.status_code in (401, 403):
            return "refused"
        assert (reply.json()["path"], reply.json()["headers"]["x-gatewright-user"][:5]) == (
            "/cgi-bin/dido/setdo.cgi?do1=1",
            "admin",
        )
        return str(reply.json()["headers"].get("x-gatewright-program", "no"))

    basic, here = ("admin", host.password), f"http://127.0.0.1:{host.port}"
    token = host.ask("POST", "/api/tokens", json={"name": "script", "permissions": ["open"]}).json()["token"]
    forged = {"X-Gatewright-Program": "1", "X_Gatewright_Program": "1"}
    browser = {"User-Agent": "Mozilla/5.0 (X11)", "Accept-Language": "de"}
    session, _ = log_in(host, "admin", host.password)
    session.headers.pop("Origin")
    assert told(basic, {}) == told(None, {"Authorization": f"Bearer {token}"}) == "1"
    assert told(basic, browser | forged) == "no"
    assert told(basic, {"Referer": "http://wiki.corp.example/"}) == told(basic, {"Sec-Fetch-Site": "cross-site"}) == "no"
    assert told(None, forged, session.get) == told(None, {"Referer": here, "Sec-Fetch-Site": "same-origin"}, session.get) == "no"
    assert told(None, forged) == told(("admin", "wrong"), forged) == "refused"
    assert told(basic, {"Origin": "http://evil.example"}, requests.post) == "refused"


def test_the_packages_parameters_stand_behind_the_hosts_for_those_who_may_see_them(host: Host) -> None:
    host.upload(contents(conf=with_cgis))
    own = host.ask("GET", PARAMETERS).text
    host.control("start")
    until(lambda: host.ask("GET", "/health").status_code == 200)
    both = host.ask("GET", PARAMETERS, headers={"Accept-Encoding": "gzip"}).text
    assert both.startswith("capability_vadp_npackage='10'\r\n") and own.splitlines()[:3] == both.splitlines()[:3]
    assert json.loads(both.splitlines()[-1])["path"] == PARAMETERS
    assert "accept-encoding" not in {name.lower() for name in json.loads(both.splitlines()[-1])["headers"]}
    assert "{" not in host.ask("GET", f"{PARAMETERS}?vadp_module&capability_vadp_npackage&vadp_nothing").text
    assert host.ask("GET", f"{PARAMETERS}?system_info").text.startswith("{")
    host.control("stop")
    assert host.ask("GET", f"{PARAMETERS}?system_info").content == b""


def test_no_address_of_the_host_may_be_taken_by_a_package() -> None:
    first = {route.path.split("/")[0] for route in routes()} - {"", "<path:path>"}
    assert first - set(HOSTS_PATHS) == set()


def test_an_empty_key_beside_a_right_one_keeps_nothing_from_running(tmp_path: Path) -> None:
    host = Host(tmp_path)
    (host.state / "host" / "trust").mkdir(parents=True)
    (host.state / "host" / "trust" / "zero.pub").touch()
    host.start()
    host.upload()
    assert "'TINY is started'" in host.control("start")
    until(lambda: host.ask("GET", "/health").status_code == 200)
    assert "public key zero.pub: not a PEM public key: it is left out" in host.log.read_text()
    host.stop()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--state", ""), "argument --state: must not be empty"),
        (("--bind", ""), "argument --bind: must not be empty"),
        (("--port", "65536"), "argument --port: must be 0 (whichever is free) to 65535"),
        (("--port", "-1"), "argument --port: must be 0 (whichever is free) to 65535"),
        (("--port", "http"), "argument --port: must be 0 (whichever is free) to 65535"),
    ],
)
def test_what_no_host_can_run_with_is_refused_before_anything_is_made(
    tmp_path: Path, words: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty word is what systemd makes of a variable that is not set: the folder of the moment became the camera's state."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit, match="2"):
        run(["--state", str(tmp_path / "state"), *words])
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_state_that_cannot_be_written_is_told_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "state" / "host" / "lock").mkdir(parents=True)
    done = subprocess.run(Host(tmp_path).command(), cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (1, f"firmware: {tmp_path}/state/host/lock cannot be written: Is a directory\n")


def test_what_the_camera_stores_is_shut_to_other_users_of_the_machine(host: Host) -> None:
    assert host.state.stat().st_mode & 0o007 == 0
    host.stop()
    host.state.chmod(0o755)  # as earlier releases left it
    host.start(choose=False)
    assert host.state.stat().st_mode & 0o777 == 0o750


def test_a_second_host_on_the_same_state_is_refused_with_a_code_that_systemd_tries_again(running: Host) -> None:
    second = subprocess.run(running.command(), cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert second.returncode == 1
    assert running.process is not None
    assert f"a host (process {running.process.pid}) already runs on {running.state}" in second.stderr


def test_a_port_that_another_program_has_keeps_no_camera_off(running: Host, tmp_path: Path) -> None:
    other = Host(tmp_path)
    other.start("--port", str(running.port))
    assert other.port not in (0, running.port)
    assert other.ask("GET", "/api/packages").json()["packages"] == []
    assert f"port {running.port}: Address already in use; the camera is at port {other.port}" in other.log.read_text()
    other.stop()
    wrong = subprocess.run([*other.command(), "--bind", "192.0.2.1"], cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert wrong.returncode == 1
    assert "cannot listen on 192.0.2.1 port 0: " in wrong.stderr


def test_a_lost_password_is_replaced_while_the_host_is_off(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.start()
    lost = host.password
    host.stop()
    words = [sys.executable, "-m", "firmware", "--state", str(host.state), "--reset-admin"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (0, f"admin has a new password: {host.state / 'host' / 'initial-password'}\n")
    assert host.password != lost
    assert (host.state / "host" / "trust").is_dir()


def test_install_while_the_host_is_off_enables_the_package_and_trusts_its_key(tmp_path: Path) -> None:
    host = Host(tmp_path)
    path = write(tmp_path / "p.tar.gz", contents())
    words = [sys.executable, "-m", "firmware", "install", str(path), "--state", str(host.state), "--trust", str(host.trust)]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, "'TINY is uploaded'\n")
    host.trust = trust_file(tmp_path)
    host.start()
    until(lambda: host.ask("GET", "/health").status_code == 200)
    assert host.package()["status"] == "on"
    again = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert again.returncode == 1 and "already runs on" in again.stderr
    host.stop()
    write(path, contents(version="2.0.0", conf=lambda text: text.replace("mechanism = none", "mechanism = file")))
    licence = tmp_path / "tiny.licence"
    licence.write_bytes(_licence(device_serial(State(host.state))))
    upgraded = subprocess.run([*words, "--licence", str(licence)], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (upgraded.returncode, upgraded.stdout) == (0, "'TINY is uploaded'\n")
    host.start()
    until(lambda: host.ask("GET", "/health").status_code == 200)
    assert (host.package()["version"], host.package()["status"], host.package()["license"]) == ("2.0.0", "on", "valid")
    host.stop()
    other = host.folder / "other" / "tiny.pub"
    other.parent.mkdir()
    other.write_bytes(public_pem(public_of(OTHER_KEY)))
    write(path, contents())
    asked = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert asked.returncode == 1 and "1.0.0 is older than 2.0.0, which was installed here: confirm" in asked.stderr
    both = [*words, "--trust", str(other), "--confirmed"]
    confirmed = subprocess.run(both, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert (confirmed.returncode, confirmed.stdout) == (0, "'TINY is uploaded'\n")
    keys = {read_public(path) for path in (host.state / "host" / "trust").glob("*.pub")}
    assert keys == {public_of(KEY), public_of(OTHER_KEY)}  # of two vendors whose files have one name


def test_browser_log_in_forces_a_new_password_and_roles_limit_what_follows(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.start(choose=False)
    try:
        url = f"http://127.0.0.1:{host.port}"
        first = host.password
        session, reply = log_in(host, "admin", first)
        assert (reply.status_code, reply.headers["Location"]) == (303, "/password")
        assert re.search(r"HttpOnly.*SameSite=strict|SameSite=strict.*HttpOnly", reply.headers["Set-Cookie"], re.I)
        assert session.get(f"{url}/api/packages").status_code == 403
        assert session.get(f"{url}/setup/application/vadp.html", allow_redirects=False).headers["Location"] == "/password"
        form = {"old": first, "new": "correct horse", "again": "correct horse"}
        assert session.post(f"{url}/password", data={**form, "old": "no"}, allow_redirects=False).status_code == 400
        assert session.post(f"{url}/password", data={**form, "again": "else"}, allow_redirects=False).status_code == 400
        assert (
            session.post(f"{url}/password", data={**form, "new": first, "again": first}, allow_redirects=False).status_code == 400
        )
        old_cookie = session.cookies.get(f"gatewright_session_{host.port}")
        assert session.post(f"{url}/password", data=form, allow_redirects=False).status_code == 303
        assert session.get(f"{url}/api/packages").status_code == 200
        assert requests.get(f"{url}/api/packages", cookies={f"gatewright_session_{host.port}": old_cookie or ""}).status_code == 401
        assert requests.get(f"{url}/api/packages", auth=("admin", first)).status_code == 401
        assert requests.get(f"{url}/api/packages", auth=("admin", "correct horse")).status_code == 200

        added = session.post(
            f"{url}/setup/security/accounts/add", data={"user": "guard", "role": "operator", "password": "gatehouse"}
        )
        assert added.status_code == 200 and "guard" in added.text
        assert requests.get(f"{url}/api/packages", auth=("guard", "gatehouse")).status_code == 403
        host.choose("guard", "gatehouse", "own gatehouse")
        guard = ("guard", "own gatehouse")
        assert requests.get(f"{url}/api/packages", auth=guard).status_code == 200
        assert requests.post(f"{url}/api/packages/X/start", auth=guard).status_code == 403
        assert requests.get(f"{url}{PARAMETERS}?vadp_module", auth=guard).status_code == 403
        assert requests.get(f"{url}/setup/application/vadp.html", auth=guard).status_code == 403
        assert requests.get(f"{url}/", auth=guard, allow_redirects=False).headers["Location"] == "/anpr/"
        session.post(f"{url}/setup/security/accounts/remove", data={"user": "guard"})
        assert requests.get(f"{url}/api/packages", auth=guard).status_code == 401
        assert session.post(f"{url}/logout", allow_redirects=False).headers["Location"] == "/login"
        assert session.get(f"{url}/api/packages").status_code == 401
    finally:
        host.stop()


def test_guessing_passwords_gets_429_also_for_the_right_one(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.start()
    try:
        right = host.password
        for _ in range(5):
            assert host.ask("GET", "/api/packages", auth=("admin", "guess")).status_code == 401
        assert host.ask("GET", "/api/packages", auth=("admin", "guess")).status_code == 429
        for _ in range(3):
            host.ask("GET", "/api/packages", auth=("admin", "guess"))
        late = host.ask("GET", "/api/packages", auth=("admin", right))
        assert late.status_code == 429 and int(late.headers["Retry-After"]) >= 1
        page = log_in(host, "admin", right)[1]
        assert page.status_code == 429 and "Too many wrong passwords" in page.text and int(page.headers["Retry-After"]) >= 1
    finally:
        host.stop()


def test_log_in_leads_only_to_pages_of_this_camera(host: Host) -> None:
    for target in ("//evil.invalid/", "https://evil.invalid/", "/\\evil.invalid", "javascript:alert(1)"):
        page = host.ask("GET", "/login", params={"next": target}, auth=None)
        assert '<input type="hidden" name="next" value="/">' in page.text


def test_the_log_in_names_the_file_of_the_first_password_only_while_it_is_there(host: Host) -> None:
    file = host.state / "host" / "initial-password"
    assert not file.exists()
    assert "initial-password" not in host.ask("GET", "/login", auth=None).text
    file.touch()
    assert "initial-password" in host.ask("GET", "/login", auth=None).text
    file.unlink()


def test_a_link_is_found_after_the_first_password_was_replaced_too(host: Host) -> None:
    link = "/tiny/?plate=%C3%9C%261"
    host.ask("POST", "/api/accounts", json={"name": "linked", "role": "viewer", "password": "first horse battery"})
    asked = host.ask("GET", link, auth=None).headers["Location"]
    session = requests.Session()

    def sent(path: str, **form: str) -> str:
        reply = session.post(f"http://127.0.0.1:{host.port}{path}", data=form, allow_redirects=False)
        return reply.headers["Location"]

    def target(address: str) -> str:
        page = session.get(f"http://127.0.0.1:{host.port}{address}", allow_redirects=False)
        (found,) = re.findall('<input type="hidden" name="next" value="([^"]*)">\n *<(?:input|label)', page.text)
        return html.unescape(found)

    first = sent("/login", user="linked", password="first horse battery", next=target(asked))
    assert first.startswith("/password?next=") and target(first) == link
    new = {"old": "first horse battery", "new": "second horse battery", "again": "second horse battery"}
    assert sent("/password", **new, next=target(first)) == link


def test_pages_forbid_foreign_scripts_and_frames(host: Host) -> None:
    reply = host.ask("GET", "/setup/application/vadp.html")
    assert "default-src 'self'" in reply.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in reply.headers["Content-Security-Policy"]
    assert (reply.headers["X-Content-Type-Options"], reply.headers["Cache-Control"]) == ("nosniff", "no-store")
    assert host.ask("GET", "/host/vadp.js", auth=None).status_code == 200
    assert host.ask("HEAD", "/host/host.css", auth=None).status_code == 200


def _licence(serial: str) -> bytes:
    fields = {"package": "TINY", "serial": serial, "expires": ""}
    return json.dumps({"licence": fields, "signature": base64.b64encode(KEY.sign(licence_bytes(**fields))).decode()}).encode()


def test_licences_are_refused_where_none_is_needed_and_stored_where_one_is(host: Host) -> None:
    host.upload()
    refused = host.ask("POST", "/api/packages/TINY/licence", files={"licenseKey": ("l.json", b"{}")})
    assert (refused.status_code, refused.json()["error"]) == (400, "TINY needs no licence")
    licensed = contents(version="2.0.0", conf=lambda text: text.replace("mechanism = none", "mechanism = file"))
    assert "upload failed: TINY 2.0.0 has no licence on this camera" in host.upload(licensed).text
    host.upload(licensed, {"older": "1"})
    host.control("start")
    assert host.package()["license"] == "none"
    told = host.state / "told.txt"
    until(lambda: told.read_text().splitlines()[-1].endswith("licensed=0"))
    data = _licence(host.ask("GET", "/api/packages").json()["serial"])
    assert host.ask("POST", "/api/packages/TINY/licence", data=data.replace(b"TINY", b"TUNY")).status_code == 400
    assert host.ask("POST", "/api/packages/TINY/licence", data=data).json() == {"package": "TINY", "until": "no end"}
    until(lambda: told.read_text().splitlines()[-1].endswith("licensed=1"))
    assert (host.package()["license"], host.package()["license_message"]) == ("valid", "no end")


def test_a_keep_alive_connection_survives_a_refused_upload(host: Host) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", host.port, timeout=20)
    connection.request("POST", UPLOAD, body=b"x" * 200_000, headers={"Content-Type": "multipart/form-data; boundary=b"})
    first = connection.getresponse()
    first.read()
    assert first.status == 401
    connection.request("GET", "/health")
    assert connection.getresponse().status == 200
    connection.close()


def test_package_management_names_the_key_that_signs_bench_reports(host: Host) -> None:
    from firmware.packages.keys import fingerprint, public_of, public_pem
    from tests.tiny_package import KEY

    assert "Bench reports" not in host.ask("GET", VADP_PAGE).text
    (host.state / "host" / "device.pub").write_bytes(public_pem(public_of(KEY)))
    page = host.ask("GET", VADP_PAGE).text
    assert f'Bench reports are signed with key <span class="mono">{fingerprint(public_of(KEY))[:16]}</span>' in page


def browser(host: Host) -> requests.Session:
    """Logged in by cookie, without the headers by which a browser tells where a request comes from."""
    session, reply = log_in(host, "admin", host.password)
    assert reply.status_code == 303
    session.headers.pop("Origin", None)
    session.headers.update({"User-Agent": "Mozilla/5.0 (X11; Linux x86_64)", "Accept-Language": "en"})
    return session


def test_a_session_starts_nothing_without_a_proof_that_our_own_page_asks_and_programs_need_none(host: Host) -> None:
    host.upload()
    url, own = f"http://127.0.0.1:{host.port}", {"Origin": f"http://127.0.0.1:{host.port}"}
    session = browser(host)
    for method, path in (("GET", f"{CONTROL}?idx=0&cmd=start"), ("POST", "/api/packages/TINY/start"), ("POST", "/logout")):
        refused = session.request(method, f"{url}{path}", allow_redirects=False)
        assert (refused.status_code, "does not say which page" in refused.text) == (403, True), path
    elsewhere = {"Origin": "http://127.0.0.1:1", "Sec-Fetch-Site": "same-site"}
    assert session.get(f"{url}{CONTROL}?idx=0&cmd=start", headers=elsewhere).status_code == 403
    assert host.package()["enabled"] is False
    assert "'TINY is started'" in session.get(f"{url}{CONTROL}?idx=0&cmd=start", headers=own).text
    assert session.post(f"{url}/api/packages/TINY/stop", headers={"X-Requested-With": "page"}).status_code == 200
    assert "'TINY is started'" in host.control("start")


def test_two_cameras_behind_one_address_keep_their_sessions_apart(running: Host, tmp_path: Path) -> None:
    other = Host(tmp_path)
    other.start()
    try:
        both = requests.Session()  # as a browser it keeps cookies by host, not by port
        for host in (running, other):
            form = {"user": "admin", "password": host.password}
            url = f"http://127.0.0.1:{host.port}"
            assert both.post(f"{url}/login", data=form, headers={"Origin": url}, allow_redirects=False).status_code == 303
        for host in (running, other):
            assert both.get(f"http://127.0.0.1:{host.port}/api/packages").status_code == 200
    finally:
        other.stop()


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    "path",
    [
        *("/anpr/review/passages.csv", "/anpr/review/passages.xlsx", "/anpr/images/2026/05/31/x-full.jpg"),
        *("/anpr/logs/engine-log.zip", "/anpr/api/status", "/cgi-bin/viewer/video.jpg", "/api/nothing"),
    ],
)
def test_what_is_no_page_asks_for_a_password_instead_of_leading_to_the_log_in(host: Host, method: str, path: str) -> None:
    reply = host.ask(method, path, auth=None)
    assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, 'Basic realm="Gatewright", charset="UTF-8"')


def test_a_program_that_wants_no_page_is_asked_too(host: Host) -> None:
    assert host.ask("GET", "/anpr/live", auth=None, headers={"Accept": "image/jpeg"}).status_code == 401
    assert host.ask("GET", "/anpr/live", auth=None, headers={"Accept": "text/html,*/*"}).status_code == 303


def test_behind_a_proxy_the_refusal_says_what_to_set_and_the_public_address_makes_it_work(running: Host, tmp_path: Path) -> None:
    headers = {"Origin": "https://gate.example:8443"}
    refused = log_in(running, "admin", running.password, headers=headers)[1]
    assert refused.status_code == 403
    assert "https://gate.example:8443" in refused.text and f"Host 127.0.0.1:{running.port}" in refused.text
    fronted = Host(tmp_path)
    fronted.start("--public-address", "https://gate.example:8443")
    try:
        assert log_in(fronted, "admin", fronted.password, headers=headers)[1].status_code == 303
    finally:
        fronted.stop()


def test_the_api_document_holds_the_host_and_what_installed_packages_add(host: Host) -> None:
    own = host.ask("GET", "/openapi.json", auth=None).json()
    assert own["openapi"] == "3.1.0" and "/api/packages" in own["paths"] and "/tiny/api/x" not in own["paths"]
    added = {
        "openapi": "3.1.0",
        "paths": {"/tiny/api/x": {"get": {}}, "/api/packages": {}},
        "components": {"schemas": {"Tiny": {}}},
    }
    host.upload(contents(files={"lib/tiny/openapi.json": json.dumps(added).encode(), "lib/odd/openapi.json": b"[1"}))
    whole = host.ask("GET", "/openapi.json", auth=None).json()
    assert whole["paths"]["/tiny/api/x"] == {"get": {}} and "Tiny" in whole["components"]["schemas"]
    assert whole["paths"]["/api/packages"] == own["paths"]["/api/packages"]


def test_every_page_and_answer_of_the_host_carries_the_same_headers(host: Host) -> None:
    for path in (VADP_PAGE, "/login", "/api/packages", "/health", "/nothing", "/host/host.css", "/setup/security/accounts.html"):
        headers = host.ask("GET", path).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy and "unsafe" not in policy, path
        assert (headers["X-Content-Type-Options"], headers["X-Frame-Options"]) == ("nosniff", "SAMEORIGIN"), path
