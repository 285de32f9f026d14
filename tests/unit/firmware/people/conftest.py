"""What the tests of accounts share: a hasher that counts, and a record of what reached the disk in which order."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from firmware.people.passwords import Hasher


class CountingHasher(Hasher):
    """The real one; `salts` of every hash that it made."""

    def __init__(self) -> None:
        super().__init__()
        self.salts: list[str] = []

    def hash(self, password: str, salt: str, known: bool = True) -> str:
        self.salts.append(salt)
        return super().hash(password, salt, known)


@dataclass
class Disk:
    """`done`: ("sync", file), ("rename", file) and ("sync", folder + "/"), in order, with whatever a test notes between them."""

    done: list[tuple[str, str]] = field(default_factory=list)
    refuse: Callable[[str, str], bool] = lambda what, name: False

    def note(self, what: str, name: str) -> None:
        if self.refuse(what, name):
            raise OSError(28, "No space left on device")
        self.done.append((what, name))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Disk:
    """Records every fsync and rename of this process from here on; they are carried out as well."""
    found = Disk()
    fsync, rename = os.fsync, os.replace

    def recorded_fsync(number: int) -> None:
        path = Path(f"/proc/self/fd/{number}").readlink()
        found.note("sync", f"{path.name}/" if path.is_dir() else path.name)
        fsync(number)

    def recorded_rename(source: Any, target: Any, **more: Any) -> None:
        found.note("rename", Path(target).name)
        rename(source, target, **more)

    monkeypatch.setattr(os, "fsync", recorded_fsync)
    monkeypatch.setattr(os, "replace", recorded_rename)
    monkeypatch.setattr(Path, "replace", lambda self, target: recorded_rename(self, target))
    return found


@pytest.fixture
def hasher() -> CountingHasher:
    return CountingHasher()
