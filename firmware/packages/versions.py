"""Versions: a signed package of an earlier release may have holes that a later one mended: it is installed only when a person
says so, or never. For that the highest version of each package is remembered, also when the package is removed."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.kept import Kept

LOG = logging.getLogger("packages")

ASK, NEVER = "ask", "never"
POLICIES = (ASK, NEVER)


class Unconfirmed(PackageError):
    """It may be installed all the same when a person confirms it."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """What versions.json holds."""

    older: str = ASK
    highest: Mapping[str, str] = field(default_factory=dict)


class Versions:
    """Thread-safe; kept in STATE/host/versions.json. A damaged file asks, and knows the versions that are installed."""

    def __init__(self, folder: Path) -> None:
        self._file = Kept(folder / "versions.json", _parse, lambda kept: {"older": kept.older, "highest": dict(kept.highest)})
        self._changing = threading.Lock()
        found = self._file.read()
        if found.damage is not None:
            LOG.error("%s", found.damage)
        self._kept = found.value or _Kept()

    @property
    def older(self) -> str:
        """What becomes of an older version: ASK or NEVER."""
        return self._kept.older

    def decide(self, older: str) -> None:
        """ASK or NEVER from now on; PackageError when the disk refuses."""
        if older not in POLICIES:
            raise PackageError("older: must be one of {policies}", policies=POLICIES)
        self._write(lambda kept: replace(kept, older=older))

    def check(self, name: str, version: str, current: str, confirmed: bool) -> None:
        """`current`: the installed version, "" for none. Unconfirmed: somebody has to confirm it; PackageError: never."""
        known = (current or version, self._kept.highest.get(name, version) if self._kept.older == NEVER else version)
        highest = max(known, key=numbers)
        if numbers(version) >= numbers(highest):
            return
        values = {"name": name, "version": version, "highest": highest}
        if self._kept.older == NEVER:
            raise PackageError(
                "{name} {version} is older than {highest}, which was installed here, and this camera takes no older versions",
                **values,
            )
        if not confirmed:
            raise Unconfirmed(
                "{name} {version} is older than {highest}, which was installed here: confirm that you want it", **values
            )
        LOG.warning("%s %s is older than %s: confirmed", name, version, highest)

    def installed(self, name: str, version: str) -> None:
        """It was switched to. A disk that refuses is logged: the installed version is known by itself."""
        if numbers(self._kept.highest.get(name, "0")) >= numbers(version):
            return
        try:
            self._write(lambda kept: replace(kept, highest={**kept.highest, name: version}))
        except PackageError as why:
            LOG.error("%s", why)

    def _write(self, change: Any) -> None:
        with self._changing:
            changed = change(self._kept)
            try:
                self._file.write(changed)
            except OSError as why:
                raise PackageError("the choice cannot be stored: {reason}", reason=why.strerror) from why
            self._kept = changed


def numbers(version: str) -> tuple[int, ...]:
    """3.0 and 3.0.0.0 are the same; what follows the numbers ("-rc1") does not count."""
    numbers = [int(part) for part in re.findall(r"\d+", re.split(r"[-+]", version)[0])[:4]]
    return tuple(numbers + [0] * (4 - len(numbers)))


def _parse(document: Any) -> _Kept:
    older, highest = document["older"], document["highest"]
    if older not in POLICIES or not all(isinstance(each, str) for pair in highest.items() for each in pair):
        raise ValueError("a field is not right")
    return _Kept(older, highest)
