"""The whole camera as `./scripts/start` runs it: host, package and simulated board, over cars of our own clip."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import av
import pytest
import requests
from PIL import Image

from board.kit.state import State
from board.wiegand.receive import Edge, read_edges
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "firmware" / "demo"
T = TypeVar("T")


def wait_for(what: str, probe: Callable[[], T | None], within_s: float = 60.0) -> T:
    """The first true answer of `probe`; fails with `what` when the time is over."""
    return until(probe, what, within_s)


OWN_PASSWORD = "correct horse battery"


@dataclass
class Camera:
    """A running camera and its log-in."""

    process: subprocess.Popen[str]
    state: State
    address: str
    password: str
    said: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The portal's JSON API, through the host, as an outside program uses it."""
        answer = requests.request(method, f"{self.address}anpr/api/{path}", auth=("admin", self.password), json=body, timeout=20)
        assert answer.ok, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        return answer.json()

    def restart(self) -> None:
        """Restart service, as soon as the service answers: on a busy machine it may still be starting."""
        address, log_in = f"{self.address}anpr/api/restart", ("admin", self.password)
        wait_for("the service", lambda: requests.post(address, auth=log_in, json={}, timeout=20).ok)

    def choose_password(self) -> None:
        """What the first log-in asks for, when this is the first."""
        if self.state.host.joinpath("initial-password").exists():
            form = {"old": self.password, "new": OWN_PASSWORD, "again": OWN_PASSWORD}
            answer = requests.post(
                f"{self.address}password", data=form, auth=("admin", self.password), timeout=20, allow_redirects=False
            )
            assert answer.status_code == 303, answer.text[:300]
        self.password = OWN_PASSWORD

    def answers(self) -> bool:
        """The portal is there: just started, it is not for a moment."""
        return requests.get(f"{self.address}anpr/api/status", auth=("admin", self.password), timeout=20).status_code != 503

    def plates(self) -> list[str]:
        """Plates of the newest passages, newest first."""
        return [passage["plate"] for passage in self.call("GET", "passages?limit=100")["passages"]]

    def edges(self, line: str) -> list[Edge]:
        return [edge for edge in read_edges(self.state.sim / "edges.jsonl") if edge.line == line]

    def pids(self) -> dict[str, int]:
        """{process: pid} of all five, by the commands that carry our STATE."""
        names = {"firmware": "host", "board.pins": "pins", "engine run": "engine", "engine service": "service", "webui": "manager"}
        found: dict[str, int] = {}
        for folder in Path("/proc").iterdir():
            try:
                words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0") if folder.name.isdigit() else []
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1]) if words else 0
            except (OSError, IndexError):
                continue  # it ended meanwhile
            if "-m" not in words or str(self.state.root) not in words:
                continue
            command = " ".join(words[words.index("-m") + 1 :])
            name = next((shown for start, shown in names.items() if command.startswith(start)), "")
            if name and (name not in found or parent != found[name]):  # a guardian is a child of pins with the same command
                found[name] = min(found.get(name, int(folder.name)), int(folder.name))
        return found

    def kill(self, name: str) -> None:
        os.kill(self.pids()[name], signal.SIGKILL)


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one picture of each car of our own clip, standing at the barrier."""
    folder = tmp_path_factory.mktemp("cars")
    cars = json.loads((DEMO / "street.json").read_text())["plates"]
    moments = [sum(car["stands_s"]) / 2 for car in cars]
    with av.open(str(DEMO / "street.mp4")) as clip:
        number = 0
        for frame in clip.decode(video=0):
            if number < len(moments) and frame.time >= moments[number]:
                Image.fromarray(frame.to_ndarray(format="rgb24")).save(folder / f"{number:02}.jpg", quality=92)
                number += 1
    assert number == len(cars)
    return folder


@pytest.fixture
def camera(tmp_path: Path, pictures: Path) -> Iterator[Camera]:
    """A camera over those pictures, two a second, as fresh as from the factory."""
    with started(State(tmp_path / "state"), "--frames", str(pictures), "--fps", "2") as running:
        yield running


@contextmanager
def started(state: State, *arguments: str, port: int = 0, root: Path = ROOT) -> Iterator[Camera]:
    """`./scripts/start` of the checkout `root` with these arguments, once it said that it is ready; on any free port."""
    command = [sys.executable, str(root / "scripts" / "simulate.py"), "--port", str(port), "--state", str(state.root)]
    process = subprocess.Popen([*command, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    running = Camera(process, state, "", "")
    ready = threading.Event()

    def listen() -> None:
        assert process.stdout
        for line in process.stdout:
            running.said.append(line)
            if line.startswith("login:"):
                running.password = line.rpartition("/")[2].strip()
            if line.startswith("ready:"):
                running.address = line.split()[1]
                ready.set()

    listener = threading.Thread(target=listen)
    listener.start()
    try:
        wait_for("ready: ... of scripts/start", ready.is_set, 120)
        if root == ROOT:
            running.choose_password()
            wait_for("the portal", running.answers, 60)
        yield running
    finally:
        process.terminate()
        process.wait(30)
        listener.join(10)
        if not ready.is_set():
            print("".join(running.said))
