"""Kept data: what a package had stored before a version whose data the one before cannot read; the way back to that restores it.

STATE/host/kept-data/NAME/ holds data.json, what the package's data is now and what was saved of it, and saved-N/, the files that
the script of the version before gave (`data save`, board/kit/parcel.py) and takes (`data take`). data.json is written last and
as a whole: a cut at any moment leaves the old or the new. It says how a version stores before that is switched to, so that
whichever version starts next finds out by itself whether it can read what is there.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import IO, Any

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.files import space, sync_folder
from board.kit.kept import Kept
from board.kit.parcel import Part, parts
from board.kit.plain import from_plain
from board.kit.state import State
from board.kit.words import NOTHING, Text
from firmware.packages.manifest import Layout, Manifest
from firmware.packages.records import GOOD, Slot
from firmware.packages.script import KEEPS_NOTHING, Command, Heard, PackageData, reason
from firmware.packages.slots import Slots
from firmware.processes.launch import CHILD
from firmware.processes.places import Beside, settle_alike

LOG = logging.getLogger("packages")

SPARE_BYTES = 16 << 20
"""Stays free while data is saved: the camera still has something to write."""
SAVED_WITHIN_S = 1_800.0
"""For the largest database on the slowest card."""
PIECE_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Saved:
    """A copy. `version`: of the package, as whose data it was saved; `at`: UTC (ISO 8601); `size`: bytes, 0: that version keeps
    nothing that it could give; `folder`: its name."""

    version: str
    layout: Layout
    at: str
    size: int
    folder: str


@dataclass(frozen=True, slots=True)
class Found:
    """What is stored `now`, and the copy of before, if one is kept."""

    now: Layout
    saved: Saved | None = None

    def is_read_by(self, manifest: Manifest) -> bool:
        return manifest.data.number >= self.now.oldest

    def comes_back_for(self, manifest: Manifest) -> bool:
        """The version cannot read what is stored, but the copy."""
        return not self.is_read_by(manifest) and self.saved is not None and manifest.data.number >= self.saved.layout.oldest


class KeptData:
    """The caller holds the lock of all packages; `way_back` and `readable` need none."""

    def __init__(self, state: State, slots: Slots, data: PackageData, clock: Clock) -> None:
        self._state = state
        self._root = state.host / "kept-data"
        self._slots = slots
        self._data = data
        self._clock = clock
        self._file = threading.RLock()
        """Pages read beside whoever changes something, and a reader mends a copy that is behind."""

    def readable(self, name: str, manifest: Manifest) -> bool:
        """A version finds data that it can read, as it is or from the copy."""
        found = self._found(name)
        return found.is_read_by(manifest) or found.comes_back_for(manifest)

    def check(self, manifest: Manifest) -> None:
        """PackageError when the version could do nothing with what is stored."""
        if not self.readable(manifest.name, manifest):
            raise PackageError(
                "{name} {version} cannot read what a later version has stored, and no copy of before is kept: upload a later "
                "version, or make a backup and reset the camera first",
                name=manifest.name,
                version=manifest.version,
            )

    def loss(self, coming: Manifest) -> Text:
        """What the installation of that version costs, NOTHING: nothing."""
        found = self._found(coming.name)
        if found.saved is None or not found.saved.size or not found.comes_back_for(coming):
            return NOTHING
        return _comes_back(coming.version, found.saved)

    def way_back(self, manifest: Manifest, previous: Manifest) -> Text:
        """What becomes of the data if the version before is gone back to."""
        found = self._found(manifest.name)
        comes_back = found.saved is not None and found.comes_back_for(previous)
        if found.is_read_by(previous) or (comes_back and found.saved is not None and not found.saved.size):
            return Text("What it stored stays.")
        if comes_back and found.saved is not None:
            return _comes_back(previous.version, found.saved)
        return Text("{version} cannot read what is stored now, and no copy of before is kept.", {"version": previous.version})

    def must_save(self, coming: Manifest) -> bool:
        """The installed version could not read what the coming one stores. Where it has not got good, the way back is to the last
        that has, and a copy for that one is the better one."""
        if coming.name not in self._slots.names():
            return False
        try:
            slot, manifest = self._slots.installed(coming.name)
        except PackageError:
            return False  # nothing that runs, and so nobody who could give its data
        return coming.data.oldest > manifest.data.number and not self._is_kept_for_a_good_one(coming.name, slot)

    def _is_kept_for_a_good_one(self, name: str, slot: Slot) -> bool:
        good = self._slots.good_besides(name, slot) if slot.state != GOOD else None
        try:
            return good is not None and self._found(name).comes_back_for(self._slots.manifest(name, good))
        except PackageError:
            return False  # nobody knows what it can read

    def save(self, coming: Manifest) -> Text:
        """Has the installed version, which does not run, give what it has stored; from now on `coming` is the one that stores. What
        was done; PackageError: it cannot be saved, and everything is as it was."""
        name = coming.name
        slot, manifest = self._slots.installed(name)
        home = self._root / name
        number = next(number for number in range(1, 1_000) if not (home / f"saved-{number}").exists())
        folder = home / f"saved-{number}"
        try:
            try:
                folder.mkdir(mode=0o700, parents=True)
                size = self._fill(name, folder)
            except OSError as why:
                raise _unsaved(name, why.strerror or str(why)) from why
            saved = Saved(slot.version, manifest.data, self._clock.now().isoformat(), size, folder.name)
            self._write(name, Found(coming.data, saved))
        except PackageError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        self.tidy(name)
        if not size:
            return Text("version {version} keeps nothing that could be saved", {"version": slot.version})
        LOG.info("%s: the data of %s is saved, %d bytes", name, slot.version, saved.size)
        return Text("its data was saved for the way back: {size_mb} MB", {"size_mb": -(-saved.size // 1_000_000)})

    def prepare(self, name: str, beside: Beside) -> Text:
        """Before the current version starts, `beside` what runs of others: it gets back what it can read. What was restored,
        NOTHING: nothing; PackageError: it could not be, and the version must not start."""
        slot, manifest = self._slots.installed(name)
        known, found = self._read(name), self._found(name)
        if found.is_read_by(manifest):
            if manifest.data.number > (known.now.number if known is not None else 0):
                try:
                    self._write(name, replace(found, now=manifest.data))
                except PackageError as why:  # a full disk must not keep the gate shut
                    LOG.error("%s", why)
            return NOTHING
        self.check(manifest)
        saved = found.saved
        assert saved is not None
        if saved.size:
            try:
                settle_alike(self._state, beside=beside)
            except OSError as why:
                raise PackageError("{name}: {reason}", name=name, reason=why.strerror or why) from why
            self._data.ask(name, "take", "--state", str(self._state.root), str(self._root / name / saved.folder))
        self._write(name, Found(saved.layout))
        self.tidy(name)
        LOG.warning("%s %s: its data is that of %s again", name, slot.version, saved.at)
        if not saved.size:
            return NOTHING
        return Text("its data is that of {at} again", {"at": _when(saved.at)})

    def forget(self, name: str) -> None:
        """The package is removed: there is no way back. How its data is stored is still known: that stays."""
        found = self._read(name)
        if found is not None and found.saved is not None:
            with suppress(PackageError):
                self._write(name, replace(found, saved=None))
            self.tidy(name)

    def _fill(self, name: str, folder: Path) -> int:
        """Stores what the script gives, on the disk when this returns: its size in bytes, 0 when it keeps nothing."""
        with _Giving(self._data.command(name, "save", "--state", str(self._state.root), "--passages")) as giving:
            size = 0
            try:
                for part in parts(giving.out.read):
                    size += _store(part, folder)
            except ValueError as why:
                if size == 0 and giving.end() in KEEPS_NOTHING:
                    return 0
                raise _unsaved(name, giving.said() or str(why)) from why
            if giving.end():
                raise _unsaved(name, giving.said())
        for path in (*folder.rglob("*"), folder, folder.parent):
            handle = os.open(path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)
        if size:
            self._data.ask(name, "check", str(folder))
        return size

    def tidy(self, name: str) -> None:
        """Deletes copies that nobody needs any more, and what is there of one that was cut off."""
        read = self._kept(name).read()
        if read.value is None and read.damage is not None:
            return  # which copy is needed is unknown
        saved = read.value.saved if read.value is not None else None
        for path in (self._root / name).glob("saved-*"):
            if saved is None or path.name != saved.folder:
                shutil.rmtree(path, ignore_errors=True)

    def _read(self, name: str) -> Found | None:
        with self._file:
            read = self._kept(name).read()
        if read.damage is not None:
            LOG.error("%s: %s", name, read.damage)
        return read.value

    def _found(self, name: str) -> Found:
        known = self._read(name)
        if known is not None:
            return known
        try:
            return Found(self._slots.installed(name)[1].data)
        except PackageError:
            return Found(Layout())

    def _write(self, name: str, found: Found) -> None:
        try:
            (self._root / name).mkdir(mode=0o700, parents=True, exist_ok=True)
            with self._file:
                self._kept(name).write(found)
            for folder in (self._root, self._root.parent):  # a power cut must not lose the folder that it lies in
                sync_folder(folder)
        except OSError as why:
            raise _unsaved(name, why.strerror or str(why)) from why

    def _kept(self, name: str) -> Kept[Found]:
        return Kept(self._root / name / "data.json", _parse, asdict)


class _Giving:
    """The script while it prints its parcel; it ends with this process, or when it takes too long."""

    def __init__(self, asked: Command) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), *asked.words], cwd=asked.folder, env=dict(asked.environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
        )  # fmt: skip
        assert self._popen.stdout is not None and self._popen.stderr is not None
        self.out: IO[bytes] = self._popen.stdout
        self._heard = Heard(self._popen.stderr)
        self._watch = threading.Timer(SAVED_WITHIN_S, self._kill)
        self._watch.daemon = True
        self._watch.start()

    def __enter__(self) -> _Giving:
        return self

    def __exit__(self, *failure: object) -> None:
        self._watch.cancel()
        self._kill()
        self._popen.wait()
        self.out.close()

    def end(self) -> int:
        """Its exit code; it is ended if it prints on."""
        try:
            return self._popen.wait(10)
        except subprocess.TimeoutExpired:
            return -signal.SIGKILL

    def said(self) -> str | Text:
        """Why it failed."""
        self._kill()
        return reason(self._popen.wait(), self._heard.text())

    def _kill(self) -> None:
        if self._popen.poll() is None:
            with suppress(ProcessLookupError):
                os.killpg(self._popen.pid, signal.SIGKILL)


def _store(part: Part, folder: Path) -> int:
    if space(folder)[1] < part.size + SPARE_BYTES:
        raise OSError(0, f"{part.size // 1_000_000 + 1} MB more are needed")
    path = folder / part.name
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with path.open("xb") as file:
        while piece := part.read(PIECE_BYTES):
            file.write(piece)
    return part.size


def _unsaved(name: str, why: str | Text) -> PackageError:
    return PackageError(
        "{name}: what it stores cannot be saved, which the way back from the new version would need: {reason}; nothing was "
        "changed. Make room on the camera, and upload again",
        name=name,
        reason=why,
    )


def _comes_back(version: str, saved: Saved) -> Text:
    return Text(
        "{version} cannot read what is stored now. Its data becomes that of {at}; what was stored "
        "since is lost. Make a backup first.",
        {"version": version, "at": _when(saved.at)},
    )


def _when(at: str) -> str:
    return f"{datetime.fromisoformat(at):%Y-%m-%d %H:%M} UTC"


def _parse(document: Any) -> Found:
    return from_plain(Found, document)
