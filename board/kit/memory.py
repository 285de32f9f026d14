"""Memory: what a small board can do without is not loaded, and what a process frees goes back to the system."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import cast

LARGE_BYTES = 1 << 20
_M_MMAP_THRESHOLD = -3  # glibc's malloc.h


def hash_without_openssl() -> None:
    """hashlib and hmac compute with Python's own code, as where Python was built without OpenSSL: slower, but 3.5 MB less. Not for
    who needs scrypt. To be called before anything imports them; afterwards OpenSSL can be imported as ever."""
    with _as_if_missing("_hashlib"):
        import hashlib
        import hmac

        del hashlib, hmac


def speak_http_without_tls() -> None:
    """http.client without HTTPS, for a process that reaches its peers over Unix sockets: 5 MB less. To be called before anything
    imports it."""
    with _as_if_missing("ssl"):
        import http.client

        del http


def find_addresses_without_inspect() -> None:
    """bottle without inspect, which it would ask for the parameters of a function if we asked bottle for those: a megabyte less,
    and a twentieth of a start. To be called before anything imports bottle; inspect can be imported as ever."""
    known = sys.modules.get("inspect")
    sys.modules["inspect"] = instead = ModuleType("inspect")
    instead.__dict__["getfullargspec"] = _parameters
    try:
        import bottle

        del bottle
    finally:
        if known is None:
            del sys.modules["inspect"]
        else:
            sys.modules["inspect"] = known


def _parameters(function: Callable[..., object]) -> object:
    import inspect

    return inspect.getfullargspec(function)


@contextmanager
def _as_if_missing(module: str) -> Iterator[None]:
    """Importing it is an ImportError meanwhile, which its users are ready for. What is loaded already stays."""
    if module in sys.modules:
        yield
        return
    sys.modules[module] = cast(ModuleType, None)
    try:
        yield
    finally:
        del sys.modules[module]


def give_back_large_blocks() -> bool:
    """From now on every block of 1 MB or more is mapped by itself and unmapped when it is freed. False where malloc cannot be told.

    By itself glibc raises that limit up to 32 MB as such blocks are freed; then each thread's arena keeps its largest moment."""
    try:
        told = ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES)
    except (OSError, AttributeError):
        return False  # not glibc: musl always gives large blocks back
    return bool(told)
