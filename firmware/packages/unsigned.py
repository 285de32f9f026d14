"""Unsigned: whether this camera takes packages that nobody whom it trusts has signed. Off, unless an administrator wants it; a
reset of the camera and a damaged file switch it off.

What was installed while it was on stays and runs, as what it was then: its identity stands in the record of its slot."""

from __future__ import annotations

import logging
from pathlib import Path

from board.kit.errors import PackageError
from board.kit.kept import Kept

LOG = logging.getLogger("packages")


class Unsigned:
    """Kept in STATE/host/unsigned.json, which no backup holds."""

    def __init__(self, folder: Path) -> None:
        self._file = Kept(folder / "unsigned.json", lambda document: document["allowed"] is True, lambda on: {"allowed": on})
        found = self._file.read()
        if found.damage is not None:
            LOG.error("%s", found.damage)
        self._allowed = found.value or False

    @property
    def allowed(self) -> bool:
        return self._allowed

    def allow(self, allowed: bool) -> None:
        """PackageError when the disk refuses to remember it: nothing is changed."""
        try:
            self._file.write(allowed)
        except OSError as why:
            raise PackageError("the choice cannot be stored: {reason}", reason=why.strerror) from why
        self._allowed = allowed
        LOG.warning("unsigned packages are %s", "allowed" if allowed else "refused")
