"""Watch: the guardian's program: `python -I -S watch.py PID STATE LOG`, with the pipe of pins (process PID) as standard input.

Bare Python without packages, so that it stays small and starts fast: it imports nothing of ours.
"""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from pathlib import Path

TURN_S = 0.1
TURNS = 5
"""How often pins may be found silent after its time, a turn apart: each wait lets a pins run that a busy computer held up."""

PRIORITY = 60
"""SCHED_FIFO: above pins, which may be the one that spins."""


def main() -> int:
    pid, state, log = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    _step_aside()
    if _listen(pid, log):
        return 0
    os.execv(sys.executable, [sys.executable, "-m", "board.safe", "--state", state])


def _listen(pid: int, log: str) -> bool:
    """True: pins ended in order; False: it died, or was ended here."""
    try:
        pins = os.pidfd_open(pid)
    except OSError:
        return False  # it died already
    if os.getppid() != pid:
        return False  # the number may be another's by now
    pipe = select.poll()
    pipe.register(0, select.POLLIN)
    due_ns, late, rest = 0, 0, b""
    while True:
        if not pipe.poll(_patience_ms(due_ns, late)):
            late += 1
            if late > TURNS:
                signal.pidfd_send_signal(pins, signal.SIGKILL)
                _note(log, "pins hung while an output was on: ended, outputs go to rest")
                due_ns, late = 0, 0  # now the pipe closes
            continue
        data = os.read(0, 4096)
        if not data:
            return False
        *words, rest = (rest + data).split(b"\n")
        if b"clean" in words:
            return True
        if words:
            due_ns, late = int(words[-1]), 0


def _patience_ms(due_ns: int, late: int) -> int | None:
    if not due_ns:
        return None
    if late:
        return round(TURN_S * 1000)
    return max(0, due_ns - time.monotonic_ns()) // 1_000_000 + 1


def _step_aside() -> None:
    """Any core, and before pins: a pins that spins must not keep its guardian from running."""
    try:
        os.sched_setaffinity(0, range(os.cpu_count() or 1))
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError:
        pass  # not permitted: then pins has no such rank either


def _note(log: str, text: str) -> None:
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime())
    try:
        with Path(log).open("a") as file:
            file.write(f"{stamp}.000Z ERROR pins.guardian: {text}\n")
    except OSError:
        pass  # a full disk is no reason to leave a gate open


if __name__ == "__main__":
    sys.exit(main())
