"""Users: whether the processes of a package are each a user of its own, and if not, why not."""

from __future__ import annotations

import logging
import pwd
from collections.abc import Sequence
from pathlib import Path

from board.kit.state import State
from board.kit.words import NOTHING, Text
from firmware.processes.launch import CHECK, Launch, Starter, launch_alike
from firmware.processes.places import Beside, open_tree, settle_alike, settle_apart, share_folders
from firmware.processes.starter import PREFIX

LOG = logging.getLogger("supervisor")

FTP = "ftp"


class Users:
    """`starter`: None where the host was started without one."""

    def __init__(self, state: State, starter: Starter | None) -> None:
        self._state = state
        self._starter = starter

    def alive(self) -> bool:
        """False: nothing can be started any more; the host has to be started anew."""
        return self._starter is None or self._starter.alive()

    def for_package(self, processes: Sequence[str], apart: bool, path: Path, beside: Beside) -> tuple[Launch, Text]:
        """How the processes of a package are started, and why they are all one user; NOTHING: each is its own. `apart`: the package
        knows of it; `path`: its files, which they must be able to read; `beside`: what runs of others. Nothing of the package runs
        now."""
        why = self._why_alike(processes, apart)
        if not why:
            why = self._settled(processes, path, beside)
        if why:
            try:
                settle_alike(self._state, processes, beside)
            except OSError as unsettled:  # a full disk must not keep the gate shut: this user is in all their groups
                LOG.error("what others left in their folders is not taken back: %s", unsettled)
            if self._starter is not None:
                LOG.warning("its processes are all the camera's own user: %s", why)
            return launch_alike, why
        assert self._starter is not None
        return self._starter.launch, NOTHING

    def for_one(self, name: str) -> Launch:
        """The same for a process of the host's own, or for what is tried before a package runs."""
        if self._starter is None or self._starter.lacks((name,)):
            return launch_alike
        try:
            share_folders(self._state)
        except (OSError, LookupError) as why:
            LOG.error("%s is no user of its own: %s", name, why)
            return launch_alike
        return self._starter.launch

    def _why_alike(self, processes: Sequence[str], apart: bool) -> Text:
        if self._starter is None:
            return Text("the camera's host was started without the right to change users")
        if not apart:
            return Text("this version of the package does not know of users of their own")
        lacking = self._starter.lacks((*processes, CHECK, FTP))
        return Text("this camera has no user {names}: run firmware/install again", {"names": lacking}) if lacking else NOTHING

    def _settled(self, processes: Sequence[str], path: Path, beside: Beside) -> Text:
        users = {name: pwd.getpwnam(PREFIX + name).pw_uid for name in (*processes, FTP)}
        try:
            settle_apart(self._state, users, beside)
            open_tree(path)
        except (OSError, LookupError) as why:
            return Text("their folders cannot be shared out: {reason}", {"reason": str(why)})
        return NOTHING
