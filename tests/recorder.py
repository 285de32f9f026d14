"""Recorder: writes down, in order, what makes things durable: fsync of files and folders, renames, commits of the database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.store.database import Database

Event = tuple[str, str]
"""("fsync", name), ("replace", name it gets), ("rename", name it gets), ("commit", name of the database)."""


class Recorder:
    """`events`: what has happened so far; `fail_at` makes the event of that number raise OSError instead, as a full disk does."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.fail_at: int | None = None

    def happened(self, kind: str, name: str) -> None:
        if self.fail_at is not None and len(self.events) == self.fail_at:
            self.events.append(("failed", name))
            raise OSError(28, "No space left on device", name)
        self.events.append((kind, name))

    def of(self, kind: str) -> list[str]:
        return [name for each, name in self.events if each == kind]


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """Everything that this process makes durable inside is in the Recorder's `events`."""
    recorder = Recorder()
    fsync, replace, rename, commit = os.fsync, os.replace, os.rename, Database._commit

    def recorded_fsync(descriptor: Any) -> None:
        number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
        recorder.happened("fsync", Path(f"/proc/self/fd/{number}").readlink().name)
        fsync(number)

    def recorded_replace(source: Any, target: Any, **options: Any) -> None:
        recorder.happened("replace", Path(target).name)
        replace(source, target, **options)

    def recorded_rename(source: Any, target: Any, **options: Any) -> None:
        recorder.happened("rename", Path(target).name)
        rename(source, target, **options)

    def recorded_commit(database: Database) -> None:
        recorder.happened("commit", database._path.name)
        commit(database)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", recorded_fsync)
        patch.setattr(os, "replace", recorded_replace)
        patch.setattr(os, "rename", recorded_rename)
        patch.setattr(Database, "_commit", recorded_commit)
        yield recorder


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """`from tests.recorder import recorder` makes the fixture known to a file of tests."""
    with recorded(monkeypatch) as found:
        yield found
