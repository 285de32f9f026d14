"""Real time: what keeps the scheduler, the pager and the garbage collector from stretching a pulse, as far as permitted."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import resource
import sys
import threading
from pathlib import Path

from board.kit.files import text_of

log = logging.getLogger("pins.realtime")

PRIORITY = 50
"""SCHED_FIFO: above everything ordinary, level with the kernel's own interrupt threads."""

SWITCH_INTERVAL_S = 0.0005
"""Longer than any pulse (100 us), so that no other thread of ours takes the interpreter within one; far shorter than Python's
5 ms, so that a thread with a pulse to end gets it soon."""

THREAD_STACK_BYTES = 256 * 1024
"""Locked memory counts: Python's default of 8 MB a thread would be locked too."""

MCL_CURRENT, MCL_FUTURE, MCL_ONFAULT = 1, 2, 4
PR_SET_TIMERSLACK = 29

ISOLATED = Path("/sys/devices/system/cpu/isolated")
"""Cores that the kernel gives nothing to by itself (`isolcpus=3` in its command line): "3", "2-3", or empty."""

libc = ctypes.CDLL(None, use_errno=True)


def settle_process() -> None:
    """Once, after everything is imported and before threads start, which inherit it: SCHED_FIFO, exact sleeps, memory locked,
    garbage collected by hand only, alone on an isolated core where there is one. Each thing that the system does not permit is
    logged once.

    Every thread, the log's too: an ordinary one that is preempted while it holds Python's lock would hold up a pulse."""
    threading.stack_size(THREAD_STACK_BYTES)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.disable()
    libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError as why:
        log.warning("no SCHED_FIFO (%s): pulses may be longer under load; run as root or with RTPRIO %d", why.strerror, PRIORITY)
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if os.geteuid() != 0 and limit != resource.RLIM_INFINITY:
        # Locked under a limit, a later allocation fails: worse than a page fault.
        log.warning("memory is not locked: run as root or with LimitMEMLOCK=infinity; pulses may be longer under memory pressure")
    elif libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT):
        log.warning("memory is not locked: %s", os.strerror(ctypes.get_errno()))
    core = isolated_core(text_of(ISOLATED))
    if core is not None:
        try:
            os.sched_setaffinity(0, {core})
        except OSError as why:
            log.warning("the isolated core %d is not used: %s", core, why.strerror)
        else:
            log.info("alone on core %d", core)


def isolated_core(cores: str) -> int | None:
    """The last of the kernel's list ("2-3", "1,3"); None when it is empty. Between isolated cores nobody balances: one is used."""
    last = cores.strip().rpartition(",")[2].rpartition("-")[2]
    return int(last) if last.isdigit() else None
