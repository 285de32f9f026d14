"""Memory: what a process frees goes back to the system, so that one busy moment does not cost a small board its memory for good."""

from __future__ import annotations

import ctypes

LARGE_BYTES = 1 << 20
_M_MMAP_THRESHOLD = -3  # glibc's malloc.h


def give_back_large_blocks() -> bool:
    """From now on every block of 1 MB or more is mapped by itself and unmapped when it is freed. False where malloc cannot be told.

    By itself glibc raises that limit up to 32 MB as such blocks are freed; then each thread's arena keeps its largest moment."""
    try:
        told = ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
    except (OSError, AttributeError):
        return False  # not glibc: musl always gives large blocks back
    return bool(told)
