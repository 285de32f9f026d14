"""Restart: the host starts again, with all its processes: for what is read at a start alone."""

from __future__ import annotations

import os
import sys
import threading

from firmware.update.versions import BUILT_IN, LETTER


class Restart:
    """Thread-safe."""

    def __init__(self) -> None:
        self._asked = threading.Event()

    def ask(self) -> None:
        """The host ends in order, within about a second, and starts again."""
        self._asked.set()

    @property
    def asked(self) -> bool:
        return self._asked.is_set()

    def go(self) -> None:
        """Once everything has ended: becomes the host anew. Under systemd this process just ends, and systemd starts it again: one
        that goes on would be ended for its silence if the packages took long."""
        if "NOTIFY_SOCKET" in os.environ:
            return
        environment = {key: value for key, value in os.environ.items() if key not in (LETTER, BUILT_IN)}
        if BUILT_IN in os.environ:  # the built-in host chooses anew what runs
            environment["PYTHONPATH"] = os.environ[BUILT_IN]
            environment.pop("PYTHONPYCACHEPREFIX", None)  # of an older built-in host, for the version that it chose
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)
