"""Watch: the guardian's program: `python -P watch.py PID STATE LOG`, with the pipe of pins (process PID) as standard input.

It begins as bare Python, so that it listens at once; what drives outputs to rest is loaded beside that, so that it is there when a
gate stays open.
"""

from __future__ import annotations

import importlib
import os
import select
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

TURN_S = 0.02
TURNS = 3
"""So often pins may be found silent after its time, a turn apart: an output is off within 100 ms of it."""

STARVED_TURNS = 25
"""The same for a pins that wants to run and gets no processor: it is late, and does not hang."""

PRIORITY = 60
"""SCHED_FIFO: above pins, which may be the one that spins."""

GONE_WITHIN_MS = 1000

BOARD = b"board "
"""Before the profile; what else pins says is a time."""


def main() -> int:
    pid, state, log = int(sys.argv[1]), sys.argv[2], sys.argv[3]
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)
    loading = threading.Thread(target=_load, args=(state,), daemon=True)
    loading.start()  # before this thread steps aside: it must not keep others from running
    _step_aside()
    board = bytearray()
    if _listen(pid, log, board):
        return 0
    loading.join()
    if _rest(state, board):
        return 0
    os.execv(sys.executable, [sys.executable, "-m", "board.safe", "--state", state])


def _load(state: str) -> None:
    """What `_rest` needs; an error in it comes again there."""
    with suppress(Exception):
        from board.gpio import all_kinds
        from board.gpio._fifo import own_folder
        from board.kit.state import State
        from board.profiles import load

        kind = all_kinds()[load(State(Path(state))).gpio]
        if kind.library:
            with own_folder(State(Path(state))):
                importlib.import_module(kind.library)
    with suppress(Exception):
        importlib.import_module("board.safe")


def _rest(state: str, board: bytearray) -> bool:
    """`board`: the profile that pins had, b"" where it died before it said so. False: something is not at rest, or somebody else
    has it; a program of its own tries again."""
    try:
        from board.kit.from_json import from_json
        from board.kit.plain import from_plain
        from board.kit.state import State
        from board.safe import drive_to_rest
        from board.types import BoardProfile

        return not drive_to_rest(State(Path(state)), from_plain(BoardProfile, from_json(bytes(board))) if board else None)
    except Exception:  # whatever a board's back end raises: that program says it
        return False


def _listen(pid: int, log: str, board: bytearray) -> bool:
    """True: pins ended in order; False: it died, or was ended here. `board` gets the profile that it tells."""
    try:
        pins = os.pidfd_open(pid)
    except OSError:
        return _last_words(board)  # it died already
    if os.getppid() != pid:
        return _last_words(board)  # the number may be another's by now
    pipe = select.poll()
    pipe.register(0, select.POLLIN)
    due_ns, late, rest = 0, 0, b""
    starving = Starving(pid)
    while True:
        if not pipe.poll(_patience_ms(due_ns, late)):
            late += 1
            if late > TURNS and (late > STARVED_TURNS or not starving.is_so()):
                signal.pidfd_send_signal(pins, signal.SIGKILL)
                _note(log, "pins hung while an output was on: ended, outputs go to rest")
                due_ns, late = 0, 0  # now the pipe closes
            elif late == TURNS:
                starving.begin()
            continue
        data = os.read(0, 4096)
        if not data:
            gone = select.poll()
            gone.register(pins, select.POLLIN)
            gone.poll(GONE_WITHIN_MS)  # the pipe may be the first of its files that is closed, its pins the last
            return False
        *words, rest = (rest + data).split(b"\n")
        if b"clean" in words:
            return True
        for time_ns in _times(words, board):
            due_ns, late = time_ns, 0


def _last_words(board: bytearray) -> bool:
    """As `_listen`, of a pins that died before this program listened: what it said lies in the pipe."""
    said = b""
    while data := os.read(0, 4096):
        said += data
    *words, _ = said.split(b"\n")
    if b"clean" in words:
        return True
    _times(words, board)
    return False


def _times(words: list[bytes], board: bytearray) -> list[int]:
    """By when pins speaks again; `board` gets the profile that it tells."""
    for word in words:
        if word.startswith(BOARD):
            board[:] = word.removeprefix(BOARD)
    return [int(word) for word in words if not word.startswith(BOARD)]


class Starving:
    """Whether a process waits for a processor instead of hanging."""

    def __init__(self, pid: int, proc: Path = Path("/proc")) -> None:
        self._tasks = proc / f"{pid}/task"
        self._ran_ns = 0
        self._at_ns = 0

    def begin(self) -> None:
        """Of the time from here on."""
        self._ran_ns, _ = self._look()
        self._at_ns = time.monotonic_ns()

    def is_so(self) -> bool:
        """Since `begin`, or the last time it was asked, it ran less than half of the time, and one of its threads wants to."""
        before, since_ns = self._ran_ns, time.monotonic_ns() - self._at_ns
        self._ran_ns, wants = self._look()
        self._at_ns += since_ns
        return wants and self._ran_ns - before < since_ns / 2

    def _look(self) -> tuple[int, bool]:
        """(ns on a processor, a thread wants to run)."""
        ran_ns, wants = 0, False
        for task in self._tasks.glob("*"):
            with suppress(OSError, ValueError, IndexError):
                ran_ns += int((task / "schedstat").read_bytes().split()[0])
                wants = wants or (task / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"R"
        return ran_ns, wants


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
    os._exit(main())  # what is still being loaded must not hold it up
