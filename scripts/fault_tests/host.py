"""Host: a real firmware host in a folder: started, asked over HTTP as clients do, ended, or killed with all that it started."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

import requests

from board.kit.state import State
from scripts.fault_tests.camera import ROOT

PASSWORD = "correct horse battery"
START_S = 60.0
ANSWER_S = 120.0
MARK = "FAULTS_STATE"
"""A variable of the host, and so of all that it starts."""
LINE = re.compile(r"([a-z][a-z0-9_]*)='([^'\r\n]*)'\r\n")


class Host:
    """`state`: FOLDER/state, if not given; `trust`: the vendor's public key, the tiny packages' if not given; `port`: another one
    at each start, if not given; `program`: its passwords cost little (tests/quick_host.py), which another host than the checkout's
    would not know."""

    def __init__(
        self, folder: Path, state: Path | None = None, trust: Path | None = None, port: int = 0, program: str = "tests.quick_host"
    ) -> None:
        self._program = program
        self.state = State(state or folder / "state")
        self._port = port
        self._mark = str(self.state.root)
        self._trust = trust
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""

    def __enter__(self) -> Host:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns when it listens; the first time it also chooses the password that it asks for."""
        self._folder.mkdir(parents=True, exist_ok=True)
        log = self.state.logs / "hostd.log"
        read = log.stat().st_size if log.exists() else 0
        words = ["-m", self._program, "--state", str(self.state.root), "--port", str(self._port), "--no-https", "--trust"]
        words.append(str(self._trust or self._tiny_key()))
        with (self._folder / "host.stderr").open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, *words], cwd=ROOT, stderr=stderr, start_new_session=True,
                env={**os.environ, MARK: self._mark, "TMPDIR": str(self._folder)},
            )  # fmt: skip

        def port() -> str:
            if self._process is None or self._process.poll() is not None:
                raise SystemExit(f"faults: the host does not start; see {log}")
            with log.open() if log.exists() else open(os.devnull) as text:  # noqa: PTH123
                text.seek(read if log.exists() else 0)
                found = re.findall(r"listening on \S+ port (\d+)", text.read())
            return found[-1] if found else ""

        self.address = f"http://127.0.0.1:{until(port, START_S)}/"
        initial = self.state.host / "initial-password"
        if initial.exists():
            old = initial.read_text().strip()
            form = {"old": old, "new": PASSWORD, "again": PASSWORD}
            requests.post(
                f"{self.address}password", data=form, auth=("admin", old), timeout=ANSWER_S, allow_redirects=False
            ).raise_for_status()

    def _tiny_key(self) -> Path:
        path = self._folder / "tiny.pub"
        if not path.exists():
            from tests.tiny_package import trust_file  # an emulated processor takes seconds for its libraries

            trust_file(self._folder)
        return path

    def end(self) -> None:
        """SIGTERM, and SIGKILL to whatever is left."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                pass
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the host and to all that it has started, as when the power goes."""
        if self._process is not None:
            self._process.kill()
        for _ in range(2):  # what one of them started meanwhile
            for pid in _carrying(f"{MARK}={self._mark}"):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
        if self._process is not None:
            self._process.wait()
            self._process = None

    def revive(self) -> None:
        """Starts it again if it has ended, as systemd does."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def kill_alone(self) -> None:
        """SIGKILL to the host: what it started lives on, or ends by its own means."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def children(self) -> list[int]:
        """What it has started itself and still runs, the latest last."""
        found = []
        for path in Path(f"/proc/{self.pid}/task").glob("*/children"):
            try:
                found += [int(each) for each in path.read_text().split()]
            except OSError:
                continue  # the thread ended
        return sorted(found)

    def processes(self) -> list[int]:
        """Of packages, started by this host or an earlier one."""
        return _carrying(f"GATEWRIGHT_STATE={self._mark}")

    def orphans(self) -> list[int]:
        """What was started by this host or an earlier one, and is not below this one."""
        parents = {pid: _parent(pid) for pid in _carrying(f"{MARK}={self._mark}")}
        return [pid for pid, parent in parents.items() if pid != self.pid and parent != self.pid and parent not in parents]

    def get(self, path: str, **more: Any) -> requests.Response:
        return requests.get(self.address + path, auth=("admin", PASSWORD), timeout=more.pop("timeout", ANSWER_S), **more)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """The JSON API; RuntimeError with what it says when it refuses."""
        answer = requests.request(method, self.address + path, auth=("admin", PASSWORD), json=body, timeout=ANSWER_S)
        if not answer.ok:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def upload(self, data: bytes) -> str:
        """The page of upload_vadp.cgi."""
        answer = requests.post(
            f"{self.address}cgi-bin/admin/upload_vadp.cgi", files={"file": ("package.tar.gz", data)}, data={"save2sd": "0"},
            auth=("admin", PASSWORD), timeout=ANSWER_S,
        )  # fmt: skip
        return answer.text

    def tiny(self) -> dict[str, Any]:
        """What the package of release.py answers, {}: it does not yet."""
        try:
            answer = self.get("tiny/")
            found: dict[str, Any] = answer.json() if answer.status_code == 200 else {}
            return found
        except (requests.RequestException, ValueError):
            return {}

    def left_behind(self, slots: str) -> list[str]:
        """Of uploads and unpacking that were cut off, below STATE/host/SLOTS, and copies of data that nobody needs. The half of a
        small file (record.json.new) is no matter: the next one is written over it."""
        kept = self.state.host / "kept-data" / "TINY"
        try:
            saved = json.loads((kept / "data.json").read_text())["saved"]
        except FileNotFoundError:
            saved = None
        needed = saved["folder"] if saved else ""
        left = [path.name for path in (*(self.state.host / slots).glob("[ABC].new"), *(self.state.host / "uploads").glob("*"))]
        return left + [path.name for path in kept.glob("saved-*") if path.name != needed]

    def parameters(self, group: str = "vadp") -> dict[str, str]:
        """getparam.cgi as a strict client reads it."""
        answer = self.get(f"cgi-bin/admin/getparam.cgi?{group}")
        answer.raise_for_status()
        return strict(answer.content.decode("utf-8"))

    def package(self, name: str = "TINY") -> dict[str, Any] | None:
        """What the API says of it."""
        found: list[dict[str, Any]] = self.call("GET", "api/packages")["packages"]
        return next((each for each in found if each["name"] == name), None)


def _carrying(word: str) -> list[int]:
    """Processes with that variable."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if word.encode() in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except OSError:
            continue  # it ended
    return found


def _parent(pid: int) -> int:
    """0: it has ended."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[1])
    except OSError:
        return 0


def strict(text: str) -> dict[str, str]:
    """The values of an answer that is lines of name='value' CR LF and nothing else; ValueError names what is not."""
    values: dict[str, str] = {}
    at = 0
    while at < len(text):
        line = LINE.match(text, at)
        if line is None:
            raise ValueError(f"no line name='value' CR LF: {text[at : at + 80]!r}")
        if line[1] in values:
            raise ValueError(f"{line[1]} comes twice")
        values[line[1]] = line[2]
        at = line.end()
    return values


def until(probe: Callable[[], Any], within_s: float, what: str = "it") -> Any:
    """The first true answer; SystemExit when the time is over."""
    end = time.monotonic() + within_s
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise SystemExit(f"faults: waited {within_s:.0f} s for {what}")
        time.sleep(0.02)


def comes_true(probe: Callable[[], Any], within_s: float) -> bool:
    """Whether it does in time; a host that starts again answers nothing meanwhile."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        try:
            if probe():
                return True
        except (requests.RequestException, RuntimeError):
            pass
        time.sleep(0.05)
    return False
