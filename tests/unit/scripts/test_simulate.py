"""Start: which port it takes, and what it says when it cannot start."""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from scripts import simulate

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
