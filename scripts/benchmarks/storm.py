"""Storm: malformed input for a running server, through many connections, and what it leaves behind."""

from __future__ import annotations

import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from scripts.benchmarks.processes import rss_mb

AT_ONCE = 20
"""Connections that are open together."""
ANSWER_S = 30.0
SETTLE_S = 1.0

Connect = Callable[[], socket.socket]


def measure(inputs: int, pids: Sequence[int], connect: Connect, make: Callable[[], bytes], http: bool = False) -> dict[str, object]:
    """{"inputs", "a_second", "adds_mb" (10^6 bytes, after the first tenth), "adds_descriptors", "answers": {status: how many}}, the
    costs those of the processes `pids` together. Every connection sends one input of `make` and is read until something comes or
    the server ends it. `http`: the server answers all; else it is told that no more comes, and may have nothing to say."""
    answers: Counter[str] = Counter()
    warm = inputs // 10
    _send(warm, connect, make, http, answers)
    before = _costs(pids)
    began_s = time.monotonic()
    _send(inputs - warm, connect, make, http, answers)
    took_s = time.monotonic() - began_s
    after = _costs(pids)
    return {
        "inputs": inputs,
        "a_second": round((inputs - warm) / took_s),
        "adds_mb": round(after[0] - before[0], 1),
        "adds_descriptors": after[1] - before[1],
        "answers": dict(sorted(answers.items())),
    }


def _send(number: int, connect: Connect, make: Callable[[], bytes], http: bool, answers: Counter[str]) -> None:
    while number > 0:
        batch = [connect() for _ in range(min(AT_ONCE, number))]
        number -= len(batch)
        for sock in batch:
            with suppress(OSError):  # the server has ended it
                sock.sendall(make())
                if not http:
                    sock.shutdown(socket.SHUT_WR)
        for sock in batch:
            with sock:
                answers[_status(sock)] += 1


def _status(sock: socket.socket) -> str:
    """Of the answer; "none" where there is none, as for recorders."""
    sock.settimeout(ANSWER_S)
    try:
        came = sock.recv(4_096)
    except OSError:
        came = b""
    return came[9:12].decode("ascii", "replace") if came[4:5] == b"/" else "none"


def _costs(pids: Sequence[int]) -> tuple[float, int]:
    """(memory in MB, descriptors), when the last connections are gone."""
    time.sleep(SETTLE_S)
    return sum(rss_mb(pid) for pid in pids), sum(1 for pid in pids for _ in (Path("/proc") / str(pid) / "fd").iterdir())
