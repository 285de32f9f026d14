"""Time and restart on a running host: what is asked of the helper, and what is said where there is none."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.servers.test_host import Host
from tests.waiting import until

TIME = "/setup/system/time.html"


class Helper:
    """A helper that keeps what it is asked. `error`: what it answers with."""

    def __init__(self, path: Path) -> None:
        self.asked: list[dict[str, object]] = []
        self.error = ""
        outer = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                outer.asked.append(json.loads(self.rfile.readline()))
                self.wfile.write(json.dumps({"error": outer.error} if outer.error else {"ok": True}).encode() + b"\n")

        self.server = socketserver.UnixStreamServer(str(path), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Host, Path]]:
    folder = tmp_path_factory.mktemp("host")
    host = Host(folder)
    host.start("--helper", str(folder / "root.sock"))
    yield host, folder / "root.sock"
    host.stop()


@pytest.fixture
def host(running: tuple[Host, Path]) -> Host:
    return running[0]


@pytest.fixture
def helper(running: tuple[Host, Path]) -> Iterator[Helper]:
    running[1].unlink(missing_ok=True)
    helper = Helper(running[1])
    yield helper
    helper.close()
    running[1].unlink()


def test_without_the_helper_the_page_says_what_cannot_be_done_and_nothing_is_tried(host: Host) -> None:
    page = host.ask("GET", TIME).text
    assert "cannot set its clock from here" in page and 'type="submit" disabled' in page
    assert host.ask("GET", "/api/time").json()["can_set"] is False
    answer = host.ask("PUT", "/api/time/zone", json={"zone": "Europe/Berlin"})
    assert answer.status_code == 422 and "firmware/install puts it in its place" in answer.json()["error"]
    assert "The board cannot be restarted from here" not in host.ask("GET", "/setup/system/firmware.html").text  # it is simulated


def test_zone_servers_and_clock_are_asked_of_the_helper_and_audited(host: Host, helper: Helper) -> None:
    assert host.ask("POST", "/setup/system/time/zone", data={"zone": "Europe/Berlin"}).status_code == 303
    servers = {"follow": "1", "servers": "ntp.example, 192.0.2.1"}
    assert host.ask("POST", "/setup/system/time/servers", data=servers).status_code == 303
    ahead = (datetime.now(UTC) + timedelta(hours=1)).replace(microsecond=0)
    assert host.ask("POST", "/api/time", json={"at": ahead.isoformat()}).status_code == 200
    assert helper.asked == [
        {"do": "zone", "zone": "Europe/Berlin"},
        {"do": "servers", "on": True, "servers": ["ntp.example", "192.0.2.1"]},
        {"do": "time", "at": ahead.isoformat()},
    ]
    changes = [(each["what"], each["about"]) for each in host.ask("GET", "/api/changes").json()["changes"][:3]]
    assert changes[1:] == [("time servers changed", "ntp.example, 192.0.2.1"), ("time zone changed", "Europe/Berlin")]
    assert changes[0][0] == "clock set by hand" and changes[0][1].endswith(f"to {ahead.isoformat()}")


def test_the_clock_goes_back_only_when_a_person_confirms_that_expired_entries_count_again(host: Host, helper: Helper) -> None:
    before = (datetime.now(UTC) - timedelta(days=1)).replace(microsecond=0)
    refused = host.ask("POST", "/api/time", json={"at": before.isoformat()})
    assert (refused.status_code, helper.asked) == (409, []) and "have expired meanwhile count again" in refused.json()["error"]
    assert host.ask("POST", "/api/time", json={"at": before.isoformat(), "back": True}).status_code == 200
    assert helper.asked == [{"do": "time", "at": before.isoformat()}]


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("zone", {"zone": "../../etc/passwd"}), ("zone", {"zone": ""}), ("servers", {"servers": "a;reboot"}),
        ("servers", {"servers": "a b c d e"}), ("servers", {"servers": "<script>"}), ("set", {"at": "soon"}),
        ("set", {"at": "1970-01-01T00:00:00"}), ("set", {"at": "2101-01-01T00:00:00"}), ("set", {}),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_never_reaches_the_helper(host: Host, helper: Helper, path: str, sent: dict[str, str]) -> None:
    answer = host.ask("POST", f"/setup/system/time/{path}", data=sent)
    assert answer.status_code == 400 and "Not changed:" in answer.text and helper.asked == []


def test_a_refusal_of_the_helper_is_shown(host: Host, helper: Helper) -> None:
    helper.error = "timedatectl: NTP not supported"
    answer = host.ask("POST", "/setup/system/time/servers", data={"follow": "1", "servers": ""})
    assert answer.status_code == 400 and "timedatectl: NTP not supported" in answer.text


def test_a_restart_wants_to_be_confirmed_and_starts_the_programs_again(host: Host, helper: Helper) -> None:
    found = host.ask("GET", "/api/firmware").json()
    assert found["host"] == "1.3.2.0" and found["simulated"] is True and found["machine"]["cores"] >= 1
    answer = host.ask("POST", "/api/restart", json={"what": "programs"})
    assert answer.status_code == 422 and "confirm it" in answer.json()["error"]
    assert host.ask("POST", "/api/restart", json={"what": "format", "confirmed": True}).status_code == 422
    host.log.unlink()
    answer = host.ask("POST", "/setup/system/firmware/restart", data={"what": "board", "confirmed": "1"})
    assert answer.status_code == 200 and "The camera starts again" in answer.text
    until(lambda: host._listens())
    assert until(lambda: host.ask("GET", "/api/firmware").status_code) == 200 and helper.asked == []


def test_who_may_configure_alone_sees_none_of_it(host: Host) -> None:
    token = host.ask("POST", "/api/tokens", json={"name": "c", "permissions": ["configure"]}).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    for method, path in (("GET", "/api/time"), ("POST", "/api/time"), ("GET", "/api/firmware"), ("POST", "/api/restart")):
        assert host.ask(method, path, auth=None, headers=headers).status_code == 403


def test_storage_says_what_there_is_and_formats_nothing_that_is_not_named_and_typed(host: Host, helper: Helper) -> None:
    found = host.ask("GET", "/api/storage").json()
    assert 0 < found["free_bytes"] <= found["total_bytes"] and [each["cars_a_day"] for each in found["forecast"]] == [
        100,
        1_000,
        10_000,
    ]
    assert found["card"] == str(host.folder / "card") and found["card_present"] is False
    assert "The SD card is not in its place" in host.ask("GET", "/setup/system/storage.html").text
    for sent in ({"do": "format", "device": "mmcblk0"}, {"do": "wipe", "device": "sda"}, {"do": "mount", "device": "../sda"}, {}):
        answer = host.ask("POST", "/setup/system/storage/change", data=sent)
        assert answer.status_code == 400 and "Nothing was done:" in answer.text
    assert helper.asked == []
    (host.folder / "card").mkdir()
    assert host.ask("GET", "/api/storage").json()["card_present"] is True
    (host.folder / "card").rmdir()  # it is pulled: that is said, and all else goes on
    assert host.ask("GET", "/api/storage").json()["card_present"] is False
    assert host.ask("GET", "/api/packages").status_code == 200


@pytest.mark.parametrize(("field", "typed"), [("address", "192.168.100.200/244"), ("gateway", "192.168.100.2001")])
def test_a_slip_at_the_end_of_an_address_is_not_cut_off_and_tried(host: Host, helper: Helper, field: str, typed: str) -> None:
    sent = {"device": "eth0", "method": "fixed", "address": "192.168.100.7/24", "gateway": "", "servers": "", field: typed}
    answer = host.ask("POST", "/setup/network/addresses/change", data=sent)
    assert answer.status_code == 400 and f"must have at most {len(typed) - 1} characters" in answer.text and helper.asked == []


def test_whoever_came_by_the_name_that_is_replaced_is_led_to_the_new_one(host: Host, helper: Helper) -> None:
    """He was shown a page at a name that nobody answers for any more."""
    path, sent = "/setup/network/addresses/name", {"name": "gate-9"}
    old = socket.gethostname()
    answer = host.ask("POST", path, data=sent, headers={"Host": f"{old}.local:8080", "Origin": f"http://{old}.local:8080"})
    assert answer.status_code == 200
    assert 'href="http://gate-9.local:8080/setup/network/addresses.html">Go there</a>' in answer.text
    by_number = host.ask("POST", path, data=sent)
    assert (by_number.status_code, by_number.headers["Location"]) == (303, "/setup/network/addresses.html")
    assert helper.asked == [{"do": "name", "name": "gate-9"}] * 2
