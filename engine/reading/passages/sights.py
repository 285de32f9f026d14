"""Sights: which plates were seen when, over a restart of the engine: from the stored passages and from a small file in STATE.

A passage tells when a plate was accepted; the file, when it was last in sight, which may be hours later for a car that stands
there. The file is synced when a car comes into sight or leaves it, so that it tells after a power cut who stood there; and when
the engine starts, so that it is of the same boot as the passages that come after it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from threading import Thread
from typing import Any

from board.kit.clock import CLOCK_KNOWN, Clock, boot_id
from board.kit.dataclass import dataclass
from board.kit.files import sync_folder, write_whole
from board.kit.from_json import from_json
from engine.reading.passages.difference import difference
from engine.types import Passage

log = logging.getLogger("passages")

KEEP_EVERY_NS = 2_000_000_000
"""The file is written no more often, unless a plate comes into sight."""
STILL_THERE_NS = 30_000_000_000
"""The file is written this often while the same cars stand there: it costs a sync of an SD card."""
STANDING_NS = 120_000_000_000
"""A plate that was in sight less than this before the engine starts again is that of a car that still stands there."""
IN_SIGHT_NS = 5_000_000_000
"""A plate counts as in sight for this long after its last read."""
AGREE_NS = 60_000_000_000
"""Wall clock and monotonic clock tell the same age as long as they differ by no more."""
FIRST_PICTURES_NS = 60_000_000_000
"""A car that stands there is read within this time after a start, even when the models load slowly."""
MOST_SIGHTS = 500


@dataclass(frozen=True, slots=True)
class Known:
    """What is known at the start. `sights`: {plate: CLOCK_MONOTONIC ns of its last sight, below 0 before the boot}, longest ago
    first; `accepted`: plates in the order in which they were accepted; `standing`: plates of cars that were in sight until the
    engine ended; `start_ns`: when that is so."""

    sights: Mapping[str, int]
    accepted: tuple[str, ...]
    standing: tuple[str, ...]
    start_ns: int = 0


NOTHING_KNOWN = Known({}, (), ())


def known_at_start(passages: Sequence[Passage], file: Path, clock: Clock) -> Known:
    """`passages`: the newest ones, in the order of storing. A plate in sight whose passage was not stored is not known: its car
    still waits."""
    now, now_ns = clock.now(), clock.monotonic_ns()
    sights: dict[str, int] = {}
    accepted = tuple(passage.plate for passage in passages if passage.plate)
    for passage in passages:
        age_ns = _age_ns(passage.at, passage.monotonic_ns, now, now_ns)
        if passage.plate and age_ns is not None:
            sights[passage.plate] = max(now_ns - age_ns, sights.get(passage.plate, now_ns - age_ns))
    standing = []
    kept = _read(file, now, now_ns)
    for plate, age_ns in (*kept.ages_ns.items(), *kept.later(passages), *_seen_since(sights, kept.since_ns, now_ns)):
        if not any(difference(plate, old) <= 1 for old in accepted):
            continue
        sights[plate] = max(now_ns - age_ns, sights.get(plate, now_ns - age_ns))
        if age_ns <= STANDING_NS and plate not in standing:
            standing.append(plate)
    newest = sorted(sights.items(), key=lambda sight: sight[1])[-MOST_SIGHTS:]
    if newest:
        log.info("known from before: %d plates, %d of cars that stood there", len(newest), len(standing))
    return Known(dict(newest), accepted, tuple(standing), now_ns)


class SightsFile:
    """Keeps the plates that are in sight. Used by one thread; a card may take long to sync, so another one writes."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._path = path
        self._clock = clock
        self._boot = boot_id()
        self._kept: dict[str, int] = {}
        self._before: dict[str, int] = {}
        self._kept_ns = 0
        self._due_ns = 0
        self._writer = Thread()

    def begin(self, known: Known) -> None:
        """The engine starts: cars that stood there before are kept while they are told to `keep`, for FIRST_PICTURES_NS at most.
        Returns when they are on the disk. Where nothing could be known, the file stays as it is."""
        if known is NOTHING_KNOWN:
            return
        self._before = dict.fromkeys(known.standing, known.start_ns)
        self.keep({}, known.standing, at_once=True)

    def keep(self, sights: Mapping[str, int], standing: Collection[str] = (), at_once: bool = False) -> None:
        """`sights`: {plate: CLOCK_MONOTONIC ns of its last sight}; `standing`: plates of cars that stood there as the engine
        started or the camera went away, and may still. Writes what is in sight when a plate joined or left, and
        from time to time while they stay. `at_once`: returns when it is on the disk."""
        now_ns = self._clock.monotonic_ns()
        if not at_once and self._writer.is_alive():
            return
        # Those that are gone from sight since the last time too: how they were seen last is worth knowing.
        recent = {plate: seen_ns for plate, seen_ns in sights.items() if now_ns - seen_ns <= IN_SIGHT_NS + KEEP_EVERY_NS}
        self._before = {
            plate: seen_ns
            for plate, seen_ns in self._before.items()
            if plate in standing and now_ns - seen_ns <= FIRST_PICTURES_NS and sights.get(plate, seen_ns) <= seen_ns
        }
        cut_off = {plate: sights[plate] for plate in standing if now_ns - sights.get(plate, 0) <= STANDING_NS and plate in sights}
        recent = cut_off | self._before | recent
        joined = recent.keys() - self._kept.keys()
        if (recent == self._kept and not at_once) or (now_ns < self._due_ns and not joined and not at_once):
            return
        if recent.keys() == self._kept.keys() and now_ns - self._kept_ns < STILL_THERE_NS and not at_once:
            return
        self._kept, self._kept_ns, self._due_ns = recent, now_ns, now_ns + KEEP_EVERY_NS
        document = {
            "boot": self._boot,
            "at": self._clock.now().isoformat(),
            "at_ns": now_ns,
            "synchronised": self._clock.synchronised(),
            "seen_ns": recent,
        }
        self.wait()
        self._writer = Thread(target=self._write, args=(json.dumps(document).encode(),), name="sights", daemon=True)
        self._writer.start()
        if at_once:
            self.wait()

    def wait(self) -> None:
        """Until what was kept last is on the disk."""
        if self._writer.ident is not None:
            self._writer.join()

    def _write(self, document: bytes) -> None:
        try:
            write_whole(self._path, document)
            sync_folder(self._path.parent)
        except OSError as why:
            log.warning("the plates in sight are not kept: %s", why)


@dataclass(frozen=True, slots=True)
class _Kept:
    """What the file says. `ages_ns`: {plate: age of its last sight}; `since_ns`: how long ago it was written; `written`: (wall
    clock, monotonic clock) of then, if that was before a power cut and nobody knows how long ago."""

    ages_ns: Mapping[str, int]
    since_ns: int
    written: tuple[datetime, int] | None = None

    def later(self, passages: Sequence[Passage]) -> list[tuple[str, int]]:
        """Plates that were accepted before that power cut and after the file was written, as if seen just now."""
        if self.written is None:
            return []
        at, at_ns = self.written
        return [(passage.plate, 0) for passage in passages if passage.at >= at and passage.monotonic_ns >= at_ns]


def _seen_since(sights: Mapping[str, int], kept_age_ns: int, now_ns: int) -> list[tuple[str, int]]:
    """Plates that were accepted after the file was written last, with their age: the engine ended before it could write that they
    were in sight."""
    return [(plate, now_ns - seen_ns) for plate, seen_ns in sights.items() if now_ns - seen_ns < kept_age_ns]


def _read(file: Path, now: datetime, now_ns: int) -> _Kept:
    """Nothing of what cannot be trusted."""
    try:
        document: Any = from_json(file.read_bytes())
        at, at_ns = datetime.fromisoformat(document["at"]), int(document["at_ns"])
        ages_ns = {str(plate): at_ns - int(seen_ns) for plate, seen_ns in document["seen_ns"].items()}
        same_boot, believed = document["boot"] == boot_id(), bool(document.get("synchronised"))
    except FileNotFoundError:
        return _Kept({}, STANDING_NS)  # the passages alone tell
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as why:
        log.warning("the plates that were in sight are not known: %s", why)
        return _Kept({}, 0)
    # A wall clock without a battery goes on from an earlier time after a power cut, and jumps when a time server sets it. What was
    # in sight until the machine went down and is again when it is up stood there all the while: no clock is needed to say so.
    wall_age_ns = _wall_age_ns(at, now) if believed else None
    since_ns = now_ns - at_ns if same_boot else wall_age_ns or 0
    if since_ns < 0:
        return _Kept({}, 0)
    unknown = not same_boot and wall_age_ns is None
    ages_ns = {plate: age_ns + since_ns for plate, age_ns in ages_ns.items()}
    return _Kept(ages_ns, since_ns, (at, at_ns) if unknown else None)


def _age_ns(at: datetime, monotonic_ns: int, now: datetime, now_ns: int) -> int | None:
    """How long ago a passage was. Its boot is not stored: the monotonic clock counts where the wall clock agrees with it or is of
    no use; None when neither can be trusted."""
    by_monotonic_ns = now_ns - monotonic_ns
    by_wall_ns = _wall_age_ns(at, now)
    if by_wall_ns is None:
        return by_monotonic_ns if by_monotonic_ns >= 0 else None
    return by_monotonic_ns if by_monotonic_ns >= 0 and abs(by_monotonic_ns - by_wall_ns) <= AGREE_NS else by_wall_ns


def _wall_age_ns(at: datetime, now: datetime) -> int | None:
    if at < CLOCK_KNOWN or now < CLOCK_KNOWN or at > now:
        return None
    return round((now - at).total_seconds() * 1e9)
