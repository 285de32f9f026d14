"""Daemons: servers of Debian that a test starts on 127.0.0.1 with a configuration of its own, and leaves out where absent."""

from __future__ import annotations

import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


def find_daemon(name: str) -> str:
    """Its program; the test is skipped where it is not installed."""
    unpacked = Path(sys.prefix) / "pure-ftpd" / "usr"  # by scripts/setup, as Debian installs one FTP server at a time
    found = shutil.which(name) or shutil.which(name, path=f"/usr/sbin:/usr/local/sbin:{unpacked}/sbin:{unpacked}/bin")
    if found is None:
        pytest.skip(f"{name} is not installed")
    return found


def free_port() -> int:
    """One that nobody gets who asks the system for any: the server that shall have it may start late."""
    while True:
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", random.randrange(12_000, 32_000)))
            except OSError:
                continue
            return int(sock.getsockname()[1])


@contextmanager
def running(command: list[str], log: Path, *ports: int) -> Iterator[subprocess.Popen[bytes]]:
    """The daemon in the foreground, once it listens at all of `ports`; what it says goes to `log`. Its input stays open."""
    with log.open("wb") as out, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=out) as process:
        try:
            for port in ports:
                _await_port(process, port, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _await_port(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end_s = time.monotonic() + 20
    while time.monotonic() < end_s and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"{process.args} does not listen at {port}: {log.read_text('utf-8', 'replace')}")


def await_text(file: Path, text: str, seconds: float = 20.0) -> str:
    """The file's text once `text` is in it."""
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        if file.exists() and text in (found := file.read_text("utf-8")):
            return found
        time.sleep(0.02)
    raise AssertionError(f"{text!r} does not come: {file.read_text('utf-8') if file.exists() else 'no file'}")
