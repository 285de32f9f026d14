"""Slots: places (A, B, C) for a package's versions, and a `current` link renamed over (`records.py` keeps which are good)."""

from __future__ import annotations

import errno
import logging
import os
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from board.kit.errors import PackageError
from board.kit.files import sync_folder, write_whole
from board.kit.words import Text, to_stored
from firmware.packages.manifest import Manifest, parse
from firmware.packages.records import CAMERA, GOOD, LETTERS, SD, STAGED, TRIAL, Record, Records, Slot
from firmware.packages.trusted import Version
from firmware.packages.verify import CONF, HASHES, Verified, manifest_sha256, unpack
from firmware.packages.versions import numbers

LOG = logging.getLogger("packages")

SPARE_BYTES = 8 << 20
"""Stays free on the disk after an installation."""
LET_GO = "let go"
"""The notice of a record whose package is being removed."""


class Slots:
    """The packages below `root` (STATE/host/packages); those saved to the SD card below `sd`/gatewright/packages."""

    def __init__(self, root: Path, sd: Path | None, card_present: Callable[[], bool]) -> None:
        self._root = root
        self._sd = sd
        self._card_present = card_present
        self._manifests: dict[str, Manifest] = {}
        self._records = Records(root)

    def names(self) -> tuple[str, ...]:
        """Installed packages, as `Records.names`."""
        return self._records.names()

    def record(self, name: str) -> Record:
        """PackageError when it is not installed, or its record and the copy of that are damaged."""
        return self._records(name)

    def current(self, name: str) -> Slot | None:
        """The slot that `current` points to."""
        return self._current(self.record(name))

    def installed(self, name: str) -> tuple[Slot, Manifest]:
        """The current slot with what it says about itself; PackageError when there is none."""
        slot = self._current(self.record(name))
        if slot is None:
            raise PackageError("{name} is not completely installed; upload it again", name=name)
        return slot, self.manifest(name, slot)

    def all(self) -> tuple[Slot, ...]:
        """Of every package whose record can be read."""
        found: list[Slot] = []
        for name in self.names():
            try:
                found += self.record(name).slots
            except PackageError:
                continue  # Package Management says why
        return tuple(found)

    def versions(self, name: str) -> list[Version]:
        """The current one first; none when its record is damaged, which Package Management says."""
        try:
            record = self.record(name)
        except PackageError:
            return []
        current = self._current(record)
        found = [Version(name, slot.version, slot == current, slot.signed_by) for slot in record.slots if slot.state != STAGED]
        return sorted(found, key=lambda each: not each.current)

    def previous(self, name: str) -> Slot | None:
        """The version before the current one: what a roll-back would run. Of two, as an installation leaves them that ended in the
        middle or whose version could not be started, the one that has got good."""
        record = self.record(name)
        current = self._current(record)
        others = [slot for slot in record.slots if slot.state != STAGED and slot != current]
        return max(others, key=lambda slot: (slot.state == GOOD, numbers(slot.version)), default=None)

    def good_besides(self, name: str, slot: Slot) -> Slot | None:
        """Another version that has passed its trial."""
        return next((each for each in self.record(name).slots if each.letter != slot.letter and each.state == GOOD), None)

    def path(self, name: str, slot: Slot) -> Path:
        """The slot's folder; PackageError "storage missing" when it lies on a card that is not there."""
        self.check_storage(name, slot)
        path = self._place(name, slot.storage) / slot.letter
        if not path.is_dir():
            raise PackageError("{name}: slot {letter} is gone; upload it again", name=name, letter=slot.letter)
        return path

    def check_storage(self, name: str, slot: Slot) -> None:
        """PackageError "storage missing" when the slot lies on a card that is not there, or on another one."""
        if slot.storage == SD and not (self._card_present() and self._place(name, SD).is_dir()):
            raise PackageError("storage missing")

    def manifest(self, name: str, slot: Slot) -> Manifest:
        """From the copy kept on the camera, so that it is known without the card too."""
        known = self._manifests.get(slot.manifest_sha256)
        if known is not None:
            return known
        refused: PackageError | None = None
        for path in (self._root / name / f"{slot.letter}.conf", self._place(name, slot.storage) / slot.letter / CONF):
            try:
                found = parse(path.read_bytes())
            except OSError as why:
                refused = refused or PackageError(
                    "{name}: {file} cannot be read: {reason}; upload the package again",
                    name=name,
                    file=path.name,
                    reason=why.strerror,
                )
            except PackageError as why:  # the copy is damaged: the slot has its own
                refused = refused or why
            else:
                self._manifests[slot.manifest_sha256] = found
                return found
        assert refused is not None
        raise refused

    def reserve(self, verified: Verified, storage: str) -> str:
        """Empties a slot that neither the current nor the previous version needs and returns its letter. The caller holds off
        switches meanwhile; a damaged record is begun anew."""
        name = verified.manifest.name
        if storage == SD:
            if not self._card_present():
                raise PackageError('there is no SD card in the camera: un-tick "Save to SD card"')
            if not verified.manifest.sd_allowed:
                raise PackageError('{name} cannot be stored on an SD card: un-tick "Save to SD card"', name=name)
        home, place = self._root / name, self._place(name, storage)
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            place.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(place).free
        except OSError as why:
            raise PackageError("the {storage} cannot be written: {reason}", storage=storage, reason=why.strerror) from why
        if free < verified.unpacked_bytes + SPARE_BYTES:
            raise PackageError(
                "there is not enough space: {name} needs {needed}, {free} are free; make room, or choose the other storage",
                name=name,
                needed=_mb(verified.unpacked_bytes + SPARE_BYTES),
                free=_mb(free),
            )
        try:
            kept = {slot.letter for slot in (self.current(name), self.previous(name)) if slot is not None}
        except PackageError:  # not there yet, or damaged
            kept = set()
            self._records.write(Record(name))
        self._keep(name, kept)
        return next(letter for letter in LETTERS if letter not in kept)

    def tidy(self, name: str) -> None:
        """Deletes what an installation left that ended in the middle: what was unpacked only, and the older one of two versions
        before the current one; a package that was not yet installed then, or whose removal was cut off, is gone. PackageError when
        the record is damaged or cannot be stored."""
        record = self.record(name)
        if all(slot.state == STAGED for slot in record.slots):
            self.remove(name)
            return
        current, before = self._current(record), self.previous(name)
        kept = {slot.letter for slot in (current, before) if slot is not None}
        if len(kept) < len(record.slots):
            self._keep(name, kept)
        for letter in LETTERS:
            if letter not in kept:
                self._clear(name, letter, on_card=False)

    def stage(self, archive: Path, verified: Verified, storage: str, letter: str) -> Slot:
        """Unpacks into the reserved slot, flushed to the disk. The current slot stays untouched whatever happens."""
        name = verified.manifest.name
        place = self._place(name, storage)
        try:
            self._unpack(archive, verified, place, letter)
        except PackageError:
            self._clear(name, letter, on_card=storage == SD)
            if not self.record(name).slots:
                self.remove(name)
            raise
        slot = Slot(letter, storage, STAGED, verified.manifest.version, verified.manifest_sha256, verified.signed_by)
        self._put(name, slot)
        return slot

    def keep_archive(self, name: str, slot: Slot, archive: Path) -> None:
        """A copy of it lies beside the slot from now on, for `renew`. If there is no room for it, the version runs all the same."""
        kept = self._archive(name, slot)
        fresh = kept.with_name(f"{kept.name}.new")
        try:
            if shutil.disk_usage(kept.parent).free < archive.stat().st_size + SPARE_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            shutil.copyfile(archive, fresh)
            _flush(fresh)
            fresh.rename(kept)
            sync_folder(kept.parent)
        except OSError as why:
            with suppress(OSError):
                fresh.unlink()
            LOG.warning("%s %s: its package is not kept beside it: %s", name, slot.version, why.strerror)

    def renew(self, name: str, slot: Slot, check: Callable[[Path], Verified]) -> None:
        """Unpacks a damaged version anew from the package that is kept beside it. `check`: what the package is, PackageError when
        it is not whole. PackageError: it cannot be had."""
        archive = self._archive(name, slot)
        if not archive.is_file():
            raise PackageError("{name}: {file} is not there", name=name, file=archive.name)
        verified = check(archive)
        if verified.manifest_sha256 != slot.manifest_sha256:
            raise PackageError("{name}: {file} is another version", name=name, file=archive.name)
        self._unpack(archive, verified, archive.parent, slot.letter)

    def _unpack(self, archive: Path, verified: Verified, place: Path, letter: str) -> None:
        """In place of what the slot holds, whole and flushed to the disk."""
        name = verified.manifest.name
        fresh = place / f"{letter}.new"
        try:
            shutil.rmtree(fresh, ignore_errors=True)
            fresh.mkdir()
            unpack(archive, verified, fresh)
            _flush(fresh)
            shutil.rmtree(place / letter, ignore_errors=True)
            fresh.rename(place / letter)
            _write(self._root / name / f"{letter}.conf", (place / letter / CONF).read_bytes())
            sync_folder(place)
        except OSError as why:
            raise PackageError("{name} cannot be stored: {reason}", name=name, reason=why.strerror or why) from why
        finally:
            shutil.rmtree(fresh, ignore_errors=True)

    def drop(self, name: str, slot: Slot) -> None:
        """Forgets a staged slot that failed its check; a package without any slot is gone."""
        self._clear(name, slot.letter, on_card=slot.storage == SD)
        rest = tuple(other for other in self.record(name).slots if other.letter != slot.letter)
        if rest:
            self._records.edit(name, lambda record: replace(record, slots=rest))
        else:
            self.remove(name)

    def activate(self, name: str, slot: Slot) -> Slot:
        """Renames a new `current` link over the old one. A slot that is not good yet is on trial from now. PackageError when
        the disk refuses."""
        target = slot.letter if slot.storage == CAMERA else str(self._place(name, SD) / slot.letter)
        home = self._root / name
        link = home / "current.new"
        marked = self.mark(name, slot, GOOD if slot.state == GOOD else TRIAL)  # first: what current names then stands in the record
        try:
            link.unlink(missing_ok=True)
            link.symlink_to(target)
            link.rename(home / "current")
            sync_folder(home)
        except OSError as why:
            raise PackageError(
                "{name}: {version} cannot be made the current version: {reason}",
                name=name,
                version=slot.version,
                reason=why.strerror,
            ) from why
        return marked

    def is_damaged(self, name: str) -> bool:
        """Its record is, and the copy of that."""
        try:
            self.record(name)
        except PackageError:
            return True
        return False

    def rebuild(self, name: str, signed_by: Callable[[Path], str]) -> None:
        """A record that is damaged with its copy is made anew of the versions that lie there whole: they cost no camera its gate.
        `signed_by`: who signed the package in a folder, PackageError when it is not whole. PackageError: there is none."""
        slots = tuple(slot for letter in LETTERS if (slot := self._found(name, letter, signed_by)) is not None)
        if not slots:
            raise PackageError(
                "{name}: its record {path} is damaged; upload the package again", name=name, path=self._records.file_of(name).file
            )
        record = Record(name, True, to_stored(Text("its record was damaged and is made anew from what is installed")), slots)
        self._records.write(record)
        if self._current(record) is None:
            self.activate(name, slots[0])

    def relink(self, name: str) -> None:
        """What names the current version was lost with the file system's last seconds: the newest good one is current again, or the
        one on trial. PackageError when the disk refuses."""
        record = self.record(name)
        able = [slot for slot in record.slots if slot.state in (GOOD, TRIAL)]
        if self._current(record) is None and able:
            found = max(able, key=lambda slot: (slot.state == GOOD, numbers(slot.version)))
            LOG.error("%s: what names its current version is lost: it is %s again", name, found.version)
            self.activate(name, found)

    def forget_others(self, name: str, *kept: Slot | None) -> None:
        """Deletes every version but those."""
        self._keep(name, {slot.letter for slot in kept if slot is not None})

    def mark(self, name: str, slot: Slot, state: str, why: str = "", tries: int = 0) -> Slot:
        """The slot in its new state, stored."""
        marked = replace(slot, state=state, why=why, tries=tries)
        self._put(name, marked)
        return marked

    def set_enabled(self, name: str, enabled: bool) -> None:
        """Whether it should run, kept over boots."""
        self._records.edit(name, lambda record: replace(record, enabled=enabled))

    def set_notice(self, name: str, notice: str) -> None:
        self._records.edit(name, lambda record: replace(record, notice=notice))

    def remove(self, name: str) -> None:
        """Deletes every slot and the record; the package's data (STATE/anpr) stays. A card that is missing keeps its copy."""
        self.let_go(name)
        self._records.forget(name)

    def let_go(self, name: str) -> None:
        """From here on it is removed: if that is cut off, the next start does the rest (`tidy`). Its slots make room at once."""
        with suppress(PackageError):  # on a disk that takes nothing it is removed all the same
            self._records.write(Record(name, notice=LET_GO))
        for letter in LETTERS:
            self._clear(name, letter, on_card=True)

    def is_let_go(self, name: str) -> bool:
        """Its removal was begun; without versions it may also be on its way in, for the first time or over a damaged record."""
        record = self.record(name)
        return not record.slots and record.notice == LET_GO

    def _place(self, name: str, storage: str) -> Path:
        if storage == CAMERA:
            return self._root / name
        return (self._sd or Path("/nonexistent")) / "gatewright" / "packages" / name

    def _archive(self, name: str, slot: Slot) -> Path:
        return self._place(name, slot.storage) / f"{slot.letter}.tar.gz"

    def _keep(self, name: str, letters: Collection[str]) -> None:
        on_card = {slot.letter for slot in self.record(name).slots if slot.storage == SD}
        self._records.edit(
            name, lambda record: replace(record, slots=tuple(slot for slot in record.slots if slot.letter in letters))
        )
        for letter in LETTERS:
            if letter not in letters:
                self._clear(name, letter, letter in on_card)

    def _clear(self, name: str, letter: str, on_card: bool) -> None:
        """`on_card`: also there. What no record here tells of may be another camera's, whose card was put in by mistake: it would
        not run any more once it has that back."""
        has_card = self._sd is not None and self._card_present()
        whole = [CAMERA, SD] if has_card and on_card else [CAMERA]
        for storage in (CAMERA, SD) if has_card else (CAMERA,):
            place = self._place(name, storage)
            ends = ("", ".new") if storage in whole else (".new",)  # what an installation left in the middle is nobody's
            for end in ends:
                shutil.rmtree(place / f"{letter}{end}", ignore_errors=True)
                with suppress(OSError):  # as the folders: on a card that may only be read, the next start tries again
                    (place / f"{letter}.tar.gz{end}").unlink()
        with suppress(OSError):
            (self._root / name / f"{letter}.conf").unlink()

    def _found(self, name: str, letter: str, signed_by: Callable[[Path], str]) -> Slot | None:
        for storage in (CAMERA, SD) if self._sd is not None and self._card_present() else (CAMERA,):
            path = self._place(name, storage) / letter
            try:
                if not path.is_dir():
                    continue
                signer = signed_by(path)
                conf, hashes = ((path / each).read_bytes() for each in (CONF, HASHES))
                manifest = parse(conf)
            except (OSError, PackageError) as why:
                LOG.warning("%s, slot %s: %s", name, letter, why)
                continue
            if manifest.name == name:
                return Slot(letter, storage, GOOD, manifest.version, manifest_sha256(conf, hashes), signer)
        return None

    def _put(self, name: str, slot: Slot) -> None:
        def change(record: Record) -> Record:
            others = tuple(other for other in record.slots if other.letter != slot.letter)
            return replace(record, slots=tuple(sorted((*others, slot), key=lambda each: each.letter)))

        self._records.edit(name, change)

    def _current(self, record: Record) -> Slot | None:
        try:
            letter = (self._root / record.name / "current").readlink().name
        except OSError:
            return None
        return next((slot for slot in record.slots if slot.letter == letter), None)


def _mb(size: int) -> str:
    return f"{-(-size // (1 << 20))} MB"


def _write(path: Path, data: bytes) -> None:
    """Old or new content, never a mixture; the new one is durable when this returns."""
    write_whole(path, data)
    sync_folder(path.parent)


def _flush(tree: Path) -> None:
    for path in (*tree.rglob("*"), tree):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
