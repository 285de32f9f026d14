"""Leftovers: processes of packages that an earlier host left behind, found by their environment and ended."""

from __future__ import annotations

import logging
import os
import select
import signal
import time
from pathlib import Path

from board.kit.state import State

LOG = logging.getLogger("supervisor")

STOP_WITHIN_S = 5.0


def end_leftovers(state: State, stop_within_s: float = STOP_WITHIN_S) -> int:
    """Ends processes of an earlier host with the same STATE (found by their environment); returns how many there were."""
    marker = f"GATEWRIGHT_STATE={state.root}".encode()
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]
    pids = [pid for pid in numbers if pid != os.getpid() and _has(pid, marker)]
    handles: list[tuple[int, int]] = []
    for pid in pids:
        try:
            handle = os.pidfd_open(pid)
        except OSError:
            continue  # gone meanwhile
        if _has(pid, marker):
            handles.append((pid, handle))
            _signal(handle, signal.SIGTERM)
    deadline = time.monotonic() + stop_within_s
    for pid, handle in handles:
        poll = select.poll()
        poll.register(handle, select.POLLIN)
        if not poll.poll(max(0, round((deadline - time.monotonic()) * 1000))):
            LOG.warning("leftover process %d did not stop; killed", pid)
            _signal(handle, signal.SIGKILL)
            poll.poll(2000)
        os.close(handle)
    return len(handles)


def _has(pid: int, marker: bytes) -> bool:
    try:
        return marker in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return False  # gone, or of another user


def _signal(handle: int, number: signal.Signals) -> None:
    try:
        signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        pass  # gone meanwhile
