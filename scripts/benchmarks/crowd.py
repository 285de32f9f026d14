"""Crowd: recorders that log in over TCP: some read, some never do, some take a byte a second. A process of its own.

    python -m scripts.benchmarks.crowd PORT USER READING SILENT SLOW     (the password in NVR_PASSWORD)

says "ready" when all are logged in; when its input ends, how many plates the reading ones had, as JSON, and goes.
"""

from __future__ import annotations

import json
import os
import resource
import selectors
import socket
import sys
import time
from dataclasses import dataclass, field

from engine.formats import nvr

NICENESS = 10
LOG_IN_WITHIN_S = 60.0
SMALL_BUFFER_BYTES = 4_096


@dataclass(eq=False, slots=True)
class _Recorder:
    sock: socket.socket
    kind: str
    reader: nvr.Reader = field(default_factory=lambda: nvr.Reader(kept_bytes=4_096))
    logged_in: bool = False
    plates: int = 0


def main() -> int:
    port, user = int(sys.argv[1]), sys.argv[2]
    counts = dict(zip(("reading", "silent", "slow"), map(int, sys.argv[3:6]), strict=True))
    os.nice(NICENESS)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    selector = selectors.DefaultSelector()
    recorders = [_connected(port, kind) for kind, count in counts.items() for _ in range(count)]
    for each in recorders:
        each.sock.sendall(nvr.login(user, os.environ["NVR_PASSWORD"]))
        selector.register(each.sock, selectors.EVENT_READ, each)
    until = time.monotonic() + LOG_IN_WITHIN_S
    while not all(each.logged_in for each in recorders):
        if time.monotonic() > until:
            return 1
        _turn(selector, 1.0)
    slow = [each for each in recorders if each.kind == "slow"]
    for each in recorders:
        if each.kind != "reading":
            selector.unregister(each.sock)
    print("ready", flush=True)
    selector.register(sys.stdin, selectors.EVENT_READ, None)
    byte_at = time.monotonic() + 1.0
    while _turn(selector, 0.2):
        if time.monotonic() >= byte_at:
            byte_at += 1.0
            for each in slow:
                _take_a_byte(each)
    reading = [each.plates for each in recorders if each.kind == "reading"]
    print(json.dumps({"least": min(reading, default=0), "most": max(reading, default=0)}), flush=True)
    return 0


def _connected(port: int, kind: str) -> _Recorder:
    sock = socket.socket()
    if kind != "reading":
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER_BYTES)
    sock.connect(("127.0.0.1", port))
    sock.setblocking(False)
    return _Recorder(sock, kind)


def _turn(selector: selectors.BaseSelector, wait_s: float) -> bool:
    """False: the input has ended."""
    for key, _ in selector.select(wait_s):
        if key.data is None:
            return False
        _read(selector, key.data)
    return True


def _read(selector: selectors.BaseSelector, one: _Recorder) -> None:
    try:
        data = one.sock.recv(65_536)
    except BlockingIOError:
        return
    except OSError:
        data = b""
    if not data:
        selector.unregister(one.sock)
        one.sock.close()
        return
    one.reader.add(data)
    while (found := one.reader.next()) is not None:
        one.logged_in |= found[0] == nvr.LOGIN_REPLY
        one.plates += found[0] == nvr.RECOG_POST


def _take_a_byte(one: _Recorder) -> None:
    try:
        one.sock.recv(1)
    except OSError:
        pass  # nothing is there, or it was ended


if __name__ == "__main__":
    sys.exit(main())
