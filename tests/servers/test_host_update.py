"""Update of the host: a real host is updated by an upload as under systemd, which starts it again whenever it has ended."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests

from board.kit.errors import WireError
from board.kit.state import State
from board.kit.wire import Channel, Codec, connect
from board.types import PINS_MESSAGES, Level, Pulse
from board.wiegand.receive import read_edges
from firmware import VERSION
from tests.servers.test_host import OWN
from tests.tiny_package import KEY, OTHER_KEY, contents, trust_file, write
from tests.waiting import until
from vadp_package.build import build_firmware

ROOT = Path(__file__).parents[2]
NAMES = "lib/firmware/__init__.py"
RUN = "lib/firmware/run.py"
SERVICE = "lib/firmware/update/service.py"


class Camera:
    """`starts`: how often the host was started; it is started again when it ends, as the unit does."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / "state"
        self.starts = 0
        self._stop = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._systemd = threading.Thread(target=self._run)

    def start(self) -> None:
        self._systemd.start()
        until(lambda: self.ask("GET", "/health", auth=None).status_code == 200)
        first = (self.state / "host" / "initial-password").read_text().strip()
        form = {"old": first, "new": OWN, "again": OWN}
        assert self.ask("POST", "/password", data=form, auth=("admin", first)).status_code == 303

    def stop(self) -> None:
        self._stop.set()
        while self._systemd.is_alive():  # one that is started in this moment is ended the next time
            if self._process is not None:
                self._process.terminate()
            self._systemd.join(0.5)

    def crash(self) -> None:
        """The host dies as by a fault of its own."""
        assert self._process is not None
        self._process.kill()

    def _run(self) -> None:
        words = [sys.executable, "-m", "firmware", "--state", str(self.state), "--port", str(self.port), "--no-https"]
        words += ["--trust", str(trust_file(self.folder))]
        environment = {**os.environ, "NOTIFY_SOCKET": str(self.folder / "nobody")}  # ends instead of starting again itself
        while not self._stop.is_set():
            with (self.folder / "stderr").open("ab") as stderr:
                self._process = subprocess.Popen(words, cwd=ROOT, env=environment, stderr=stderr)
            self.starts += 1
            self._process.wait()

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        more.setdefault("auth", ("admin", OWN))
        return requests.request(method, f"http://127.0.0.1:{self.port}{path}", timeout=60, allow_redirects=False, **more)

    def update(self, data: bytes, **fields: str) -> requests.Response:
        return self.ask("POST", "/api/firmware", files={"firmware": ("HOST.tar.gz", data)}, data=fields)

    def about(self) -> dict[str, Any]:
        answer = self.ask("GET", "/api/firmware")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()["update"]
        return found

    def signers(self) -> list[tuple[Any, ...]]:
        found = self.ask("GET", "/api/keys").json()["signers"]
        return [tuple(each[name] for name in ("name", "version", "current", "key", "built_in")) for each in found]

    def changes(self) -> list[tuple[str, str]]:
        return [(each["what"], each["about"]) for each in self.ask("GET", "/api/changes").json()["changes"]]


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    camera = Camera(tmp_path)
    camera.start()
    yield camera
    camera.stop()


def source(name: str) -> str:
    return (ROOT / name.removeprefix("lib/")).read_text()


def firmware(folder: Path, version: str, key: Any = KEY, **changed: str) -> bytes:
    """The host of this checkout as a file of that version, which is on trial for a second. `changed`: {file: its new text}."""
    quick = source(SERVICE).replace("WINDOW_S = 30.0", "WINDOW_S = 1.0").replace("LIMIT_S = 240.0", "LIMIT_S = 4.0")
    files: Mapping[str, str] = {NAMES: source(NAMES).replace(VERSION, version), SERVICE: quick, **changed}
    return build_firmware(folder / "out", key, changed={name: text.encode() for name, text in files.items()}).path.read_bytes()


def at_the_camera(text: str) -> str:
    """The host's program, which does this where it does not only rehearse."""
    return source(RUN).replace(
        "    with _OneHost(state):\n        if options",
        f'    if "rehearsal" not in str(state.root):\n        {text}\n    with _OneHost(state):\n        if options',
    )


def test_an_uploaded_host_runs_after_its_trial_and_the_one_before_it_comes_back_by_hand(camera: Camera) -> None:
    assert camera.about() == {
        "version": VERSION, "source": "built in", "state": "good", "previous": "", "built_in": VERSION, "notice": "",
    }  # fmt: skip
    assert camera.ask("POST", "/api/firmware/back").status_code == 409
    answer = camera.update(firmware(camera.folder, "9.1"))
    assert (answer.status_code, answer.json()["version"]) == (202, "9.1")
    assert answer.json()["steps"] == ["HOST 9.1: signature and contents are right", "stored on the camera", "checked"]
    until(lambda: (camera.about()["version"], camera.about()["state"]) == ("9.1", "good"))
    assert camera.about() == {
        "version": "9.1", "source": "uploaded", "state": "good", "previous": VERSION, "built_in": VERSION, "notice": "",
    }  # fmt: skip
    assert camera.signers() == [("HOST", "9.1", True, "tiny", False), ("HOST", VERSION, False, "", True)]
    page = camera.ask("GET", "/setup/system/firmware.html").text
    assert f'data-previous="{VERSION}"' in page and "on trial" not in page
    older = camera.update(firmware(camera.folder, "9.0.5"))
    assert older.status_code == 409 and "9.0.5 is older than 9.1" in older.json()["error"]
    assert camera.ask("POST", "/api/firmware/back").json() == {"version": VERSION}
    until(lambda: camera.about()["source"] == "built in")
    assert camera.about()["notice"] == f"went back from 9.1 to {VERSION} by hand"
    assert camera.signers() == [("HOST", "9.1", False, "tiny", False), ("HOST", VERSION, True, "", True)]
    page = camera.ask("GET", "/setup/security/keys.html").text
    assert "Signed by tiny" in page and "Built in: installed on the board itself, not uploaded" in page
    assert camera.changes()[:2] == [("went back to the firmware before", VERSION), ("firmware updated", "9.1")]


@pytest.mark.parametrize("by", ["update", "crash"])
def test_outputs_rest_while_the_host_starts_again_and_nothing_comes_on_by_itself(camera: Camera, by: str) -> None:
    def real_pins(conf: str) -> str:
        return conf.replace("command = tiny\nargs = live pins\n", "command = board.pins\n")

    state = State(camera.state)
    data = write(camera.folder / "tiny.tar.gz", contents(conf=real_pins)).read_bytes()
    assert camera.ask("POST", "/api/packages", files={"package": ("TINY.tar.gz", data)}).status_code == 201
    assert camera.ask("POST", "/api/packages/TINY/start").status_code == 200
    pins = until(lambda: connected(state))
    pins.send(Level("held", "DO1", True))
    pins.send(Pulse("long", "DO2", 60_000))
    until(lambda: edges(state) == {"DO1": [1], "DO2": [1]})
    if by == "update":
        assert camera.update(firmware(camera.folder, "9.1")).status_code == 202
    else:
        camera.crash()
    until(lambda: edges(state) == {"DO1": [1, 0], "DO2": [1, 0]})
    rested_ns = max(edge.t_ns for edge in read_edges(state.sim / "edges.jsonl"))
    until(lambda: camera.starts == 2 and camera.ask("GET", "/health", auth=None).status_code == 200)
    until(lambda: connected(state))
    assert rested_ns < time.monotonic_ns() and edges(state) == {"DO1": [1, 0], "DO2": [1, 0]}
    pins.close()


def connected(state: State) -> Channel | None:
    try:
        return connect(state.pins_socket, Codec(PINS_MESSAGES))
    except WireError:
        return None


def edges(state: State) -> dict[str, list[int]]:
    """What the outputs did, in its order."""
    found = read_edges(state.sim / "edges.jsonl")
    return {line: [edge.level for edge in found if edge.line == line] for line in ("DO1", "DO2")}


def test_a_host_that_dies_on_this_camera_gives_way_to_the_one_before_it(camera: Camera) -> None:
    assert camera.update(firmware(camera.folder, "9.2", **{RUN: at_the_camera("sys.exit(70)")})).status_code == 202
    until(lambda: camera.starts == 5 and camera.about()["version"] == VERSION)
    assert camera.about()["notice"] == f"9.2 was rolled back to {VERSION}: started 3 times without getting good"
    assert (camera.about()["source"], camera.about()["previous"]) == ("built in", "")
    assert "9.2 was rolled back" in camera.ask("GET", "/setup/system/firmware.html").text


def test_a_host_under_which_the_packages_do_not_come_up_goes_back_by_itself(camera: Camera) -> None:
    package = write(camera.folder / "tiny.tar.gz", contents()).read_bytes()
    assert camera.ask("POST", "/api/packages", files={"package": ("TINY.tar.gz", package)}).status_code == 201
    assert camera.ask("POST", "/api/packages/TINY/start").status_code == 200
    until(lambda: camera.ask("GET", "/health", auth=None).status_code == 200)
    broken = source("lib/firmware/packages/routing.py").replace("return all(self._ready(name)", "return all(False")
    answer = camera.update(firmware(camera.folder, "9.3", **{"lib/firmware/packages/routing.py": broken}))
    assert answer.status_code == 202
    until(lambda: "rolled back" in camera.about()["notice"] and camera.about()["source"] == "built in")
    assert camera.about()["notice"] == f"9.3 was rolled back to {VERSION}: its packages did not come up within 4 s"
    until(lambda: camera.ask("GET", "/health", auth=None).status_code == 200)


def test_what_is_no_right_firmware_is_refused_and_the_host_that_runs_goes_on(camera: Camera) -> None:
    right = firmware(camera.folder, "9.1")
    cases = {
        "cut off or damaged": right[: len(right) // 2],
        "not a package": b"firmware",
        "signature is not one of a trusted vendor": firmware(camera.folder, "9.1", OTHER_KEY),
        "SyntaxError": firmware(camera.folder, "9.1", **{RUN: "this is no program"}),
    }
    cases["TINY is a package: upload it at Applications, Package management"] = write(
        camera.folder / "t.tar.gz", contents()
    ).read_bytes()
    for part in range(0, len(right) - 40, len(right) // 3):
        damaged = bytearray(right)
        damaged[part + 40] ^= 0x10
        cases[f"bit {part}"] = bytes(damaged)
    for why, data in cases.items():
        answer = camera.update(data)
        assert answer.status_code == 400, why
        assert why.startswith("bit ") or why in answer.json()["error"]
    answer = camera.ask("POST", "/api/packages", files={"package": ("HOST.tar.gz", right)})
    assert answer.status_code == 400 and "upload it at System, Firmware" in answer.json()["error"]
    assert (camera.starts, camera.about()["source"]) == (1, "built in")
    left = [path.name for path in (camera.state / "host" / "firmware").glob("HOST/*")]
    assert not [name for name in left if re.fullmatch(r"[ABC](\.new)?", name)] and not list(
        (camera.state / "host" / "uploads").glob("*")
    )
