"""Start: which port it takes, and what it says when it cannot start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
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


def test_a_start_is_ready_once_its_own_host_listens_at_its_address(healthy: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another camera has the port that was meant, the host is elsewhere. It says so in its log, as did those of before."""
    lines = ["host 1.2 begins", f"host 1.2 is listening on 127.0.0.2 port {healthy.server_port}", "x is listening on y port 1"]
    said = "import sys, time; sys.stdin.readline(); print(*sys.argv[1:], sep='\\n', file=sys.stderr, flush=True); time.sleep(60)"
    given, words = os.pipe()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess, "Popen", partial(subprocess.Popen, stdin=given))
        host = simulate._Host([sys.executable, "-c", said, *lines])
    try:
        monkeypatch.setattr(simulate, "READY_WITHIN_S", 0.3)
        assert simulate._await_portal(host, "127.0.0.2") == 0
        monkeypatch.setattr(simulate, "READY_WITHIN_S", 20)
        os.write(words, b"\n")
        assert simulate._await_portal(host, "127.0.0.2") == healthy.server_port
    finally:
        host.end()
        os.close(given)
        os.close(words)


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


HOST = """import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
turns = Path(sys.argv[1])
class Health(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *said): pass
turn = len(turns.read_text()) if turns.exists() else 0
turns.write_text("x" * (turn + 1))
if turn == 1:
    sys.exit(1)  # and does not get as far as to listen
server = HTTPServer(("127.0.0.2", 0), Health)
print(f"host 1 is listening on 127.0.0.2 port {server.server_port}", file=sys.stderr, flush=True)
server.timeout = 20
server.handle_request()
sys.exit(3 if turn == 0 else 0)
"""


def test_a_host_that_listens_elsewhere_after_it_was_started_again_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another program took its port meanwhile; and one that dies again on the way is started again all the same."""
    monkeypatch.setattr(simulate, "RESTART_AFTER_S", 0.01)
    monkeypatch.setattr(simulate, "_announce", lambda state, address: print(f"ready: {address}/"))
    command = [sys.executable, "-c", HOST, str(tmp_path / "turns")]
    assert simulate._keep_running(command, State(tmp_path), "127.0.0.2", 1, 0) == 0
    said, wrong = capsys.readouterr()
    first, second = [line for line in said.splitlines() if line.startswith("ready: http://127.0.0.2:")]
    old, new = (line.rstrip("/").rpartition(":")[2] for line in (first, second))
    assert f"port: {old} is taken by now, so the web pages are on {new}" in said.splitlines()
    assert wrong.count("starting it again") == 2 and "status 3" in wrong and "status 1" in wrong
