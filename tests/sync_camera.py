"""Cameras that copy each other's lists: a database and jobs, without the camera's processes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from board.kit.clock import Clock
from board.kit.state import State
from engine.exchange.kinds import find_jobs
from engine.exchange.published import publish
from engine.exchange.work import run_job
from engine.formats.event import Device
from engine.lists import EARLIEST, LATEST
from engine.settings import GeneralSettings
from engine.store import Store
from engine.types import Job, ListEntry, PlateList
from tests.ftp_camera import FtpCamera

KINDS = find_jobs()


@dataclass(slots=True)
class Camera:
    """One with a database of its own, without its processes."""

    folder: Path
    state: State = field(init=False)
    store: Store = field(init=False)
    published: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.state = State(self.folder)
        self.begin_anew()

    def begin_anew(self) -> None:
        """With an empty database, as on another card."""
        if hasattr(self, "store"):
            self.store.close()
        shutil.rmtree(self.folder / "anpr", ignore_errors=True)
        self.store = Store(self.state.database, Clock())
        self.store.settings.put(GeneralSettings(action_addresses="127.0.0.0/8"), "test")
        self.published = {}

    def list(self, name: str) -> PlateList:
        return next(each for each in self.store.lists() if each.name == name)

    def add(self, name: str, *plates: str) -> None:
        for plate in plates:
            self.store.save_entry(ListEntry(0, self.list(name).id, plate, "", EARLIEST, LATEST), "test")

    def remove(self, name: str, *plates: str) -> None:
        for entry in self.store.entries(self.list(name).id):
            if entry.plate in plates:
                self.store.entries.delete(entry.id, "test")

    def plates(self, name: str) -> list[str]:
        return [each.plate for each in self.store.entries(self.list(name).id)]

    def publish(self, camera: FtpCamera) -> None:
        device = Device("gw-master", "Master", "", ZoneInfo("UTC"))
        self.published = publish(self.store, camera.lists, device, self.published)

    def follow(self, camera: FtpCamera, name: str = "ALL PLATES", **options: Any) -> Job:
        """By SINCRO camera."""
        return self.job("sincro", name, port=camera.port, user=camera.user, password=camera.password, **options)

    def job(self, kind: str, list_name: str = "ALL PLATES", /, **options: Any) -> Job:
        """A job of the list, each minute, "enable if change", with a server on this machine."""
        given = json.dumps({"host": "127.0.0.1", **options})
        return self.store.jobs.save(Job(0, self.list(list_name).id, kind, True, "minute", True, given), KINDS[kind].options, "test")

    def run(self, job: Job) -> str:
        """What came of it: the note, or "error: ..."."""
        run_job(self.state, self.store, Clock(), KINDS, job)
        state = self.store.jobs.state(job.id)
        return f"error: {state.error}" if state.is_failing else str(state.done_note)


@contextmanager
def camera_at(folder: Path) -> Iterator[Camera]:
    camera = Camera(folder)
    try:
        yield camera
    finally:
        camera.store.close()
