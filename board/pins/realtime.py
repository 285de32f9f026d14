"""Real time: what keeps the scheduler, the pager and the garbage collector from stretching a pulse, as far as permitted."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import resource
import sys
import threading

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

libc = ctypes.CDLL(None, use_errno=True)


def settle_process() -> None:
    """Once, after everything is imported and before threads start: memory locked, garbage collection by hand only."""
    threading.stack_size(THREAD_STACK_BYTES)
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    gc.disable()
    limit, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if os.geteuid() != 0 and limit != resource.RLIM_INFINITY:
        # Locked under a limit, a later allocation fails: worse than a page fault.
        log.warning("memory is not locked: run as root or with LimitMEMLOCK=infinity; pulses may be longer under memory pressure")
    elif libc.mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT):
        log.warning("memory is not locked: %s", os.strerror(ctypes.get_errno()))


def settle_thread() -> bool:
    """For the calling thread: SCHED_FIFO and exact sleeps. False, logged, where the system does not permit it."""
    libc.prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0)
    try:
        # Reset on fork: no child and no thread of a library inherits it by accident.
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(PRIORITY))
    except OSError as why:
        log.warning(
            "%s runs without SCHED_FIFO (%s): pulses may be longer under load; run as root or with LimitRTPRIO=%d",
            threading.current_thread().name, why.strerror, PRIORITY,
        )  # fmt: skip
        return False
    return True
