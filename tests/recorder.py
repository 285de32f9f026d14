"""Recorder: writes down, in order, what makes things durable: syncs of files and folders, renames, commits of the database."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from engine.store.database import Database

Event = tuple[str, str]
"""("sync", name of the file, or of the folder with a slash), ("rename", name it gets), ("commit", name of the database)."""


class Recorder:
    """`events`: what has happened so far; `synced`: {file: its content when it was synced}. Where `refuse` says so of a kind and a
    name, it raises OSError instead, as a full disk does."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self.synced: dict[str, bytes] = {}
        self.refuse: Callable[[str, str], bool] = lambda kind, name: False

    def happened(self, kind: str, name: str) -> None:
        if self.refuse(kind, name):
            raise OSError(28, "No space left on device", name)
        self.events.append((kind, name))

    def of(self, kind: str) -> list[str]:
        return [name for each, name in self.events if each == kind]


@contextmanager
def recorded(monkeypatch: pytest.MonkeyPatch) -> Iterator[Recorder]:
    """Everything that this process makes durable inside is in the Recorder's `events`; it is carried out as well."""
    recorder = Recorder()
    fsync, fdatasync, replace, rename, commit = os.fsync, os.fdatasync, os.replace, os.rename, Database._commit

    def synced_by(carry_out: Callable[[int], None]) -> Callable[[Any], None]:
        def sync(descriptor: Any) -> None:
            number = descriptor if isinstance(descriptor, int) else descriptor.fileno()
            path = Path(f"/proc/self/fd/{number}").readlink()
            recorder.happened("sync", f"{path.name}/" if path.is_dir() else path.name)
            carry_out(number)
            if path.is_file():
                recorder.synced[path.name] = path.read_bytes()

        return sync

    def recorded_replace(source: Any, target: Any, **options: Any) -> None:
        recorder.happened("rename", Path(target).name)
        replace(source, target, **options)

    def recorded_rename(source: Any, target: Any, **options: Any) -> None:
        recorder.happened("rename", Path(target).name)
        rename(source, target, **options)

    def recorded_commit(database: Database) -> None:
        recorder.happened("commit", database._path.name)
        commit(database)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", synced_by(fsync))
        patch.setattr(os, "fdatasync", synced_by(fdatasync))
        patch.setattr(os, "replace", recorded_replace)
        patch.setattr(os, "rename", recorded_rename)
        patch.setattr(Path, "replace", lambda self, target: recorded_replace(self, target))
        patch.setattr(Database, "_commit", recorded_commit)
        yield recorder
