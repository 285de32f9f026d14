"""Start: which port it takes, and what it says when it cannot start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from board.kit.state import State
from scripts import simulate
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[3]


def start(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "scripts/simulate.py", *words], cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_port_that_is_taken_gives_the_next_free_one() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        found = simulate._free_port("127.0.0.1", port)
        assert port < found < port + simulate.PORTS_TRIED
    assert simulate._free_port("127.0.0.1", port) == port
    assert simulate._free_port("127.0.0.1", 0) > 0


def test_an_address_that_is_not_this_machines_is_refused_in_words() -> None:
    with pytest.raises(SystemExit, match=r"start: cannot listen on 192\.0\.2\.1 port 8080: .*; give another --port or --bind"):
        simulate._free_port("192.0.2.1", 8080)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["--frames", "/nowhere"], "start: /nowhere does not exist", id="frames"),
        pytest.param(["--state", "/proc/state"], "start: /proc/state cannot be written: ", id="state"),
        pytest.param(["--port", "70000"], "--port 70000: must be from 0", id="port"),
        pytest.param(["--fps", "0"], "--fps 0: must be over 0", id="fps"),
    ],
)
def test_a_wrong_request_is_refused_in_words(words: list[str], said: str) -> None:
    done = start(*words)
    assert (done.returncode, said in done.stderr, "Traceback" in done.stderr) == (2, True, False), done.stderr


@pytest.fixture
def asleep() -> Iterator[simulate._Host]:
    host = simulate._Host([sys.executable, "-c", "import time; time.sleep(60)"])
    yield host
    host.end()


@pytest.fixture
def healthy() -> Iterator[HTTPServer]:
    """A camera at an address of its own."""

    class Health(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, *said: object) -> None:
            pass

    server = HTTPServer(("127.0.0.2", 0), Health)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_a_start_is_ready_once_its_own_host_listens_at_its_address(
    healthy: HTTPServer, asleep: simulate._Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where another camera has the port that was meant, the host is elsewhere."""
    monkeypatch.setattr(simulate, "READY_WITHIN_S", 0.3)
    state = State(tmp_path)
    with pytest.raises(SystemExit, match="the portal did not come up"):
        simulate._await_portal(asleep, state, "127.0.0.2")
    state.web_port_file.parent.mkdir(parents=True)
    state.web_port_file.write_text(str(healthy.server_port))
    monkeypatch.setattr(simulate, "READY_WITHIN_S", 20)
    assert simulate._await_portal(asleep, state, "127.0.0.2") == healthy.server_port


def test_the_host_ends_with_the_start_however_that_ends() -> None:
    script = """import sys, time
from scripts import simulate
print(simulate._Host([sys.executable, "-c", "import time; time.sleep(60)"]).process.pid, flush=True)
time.sleep(60)"""
    process = subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid = int(process.stdout.readline())
    until(
        lambda: (
            b"time.sleep" in Path(f"/proc/{pid}/cmdline").read_bytes()
            and b"child.py" not in Path(f"/proc/{pid}/cmdline").read_bytes()
        )
    )
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    until(lambda: not Path(f"/proc/{pid}").exists() or " Z " in Path(f"/proc/{pid}/stat").read_text())
