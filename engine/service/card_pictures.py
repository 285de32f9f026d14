"""Card pictures: takes pictures to the SD card, deletes them there, and says what is wrong with it.

A thread of its own, whom nobody waits for: a card that hangs holds up no car, no message and no other work of the service. The
engine stores each picture in the camera; from there it goes to the card a minute later, in the order of the passages. At any
moment a picture is whole in one of the two places.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

from board.kit.clock import Clock
from board.kit.errors import GatewrightError
from board.kit.files import NO_ROOM, open_below, space
from board.kit.words import NOTHING, Text
from engine.card_files import CardFiles
from engine.service.retention import free_for_files_pct
from engine.settings import GeneralSettings
from engine.settings.general import SD_CARD
from engine.store import Store
from engine.store.rows import stamp
from engine.stored_pictures import StoredPictures

log = logging.getLogger("card")

TURN_S = 5.0
REST_S = 10.0
"""After a refusal of the card."""
SETTLED_S = 60.0
"""Messages about a car want its picture soon after it came; they read it from the camera."""
CHUNK = 20
CHUNKS_PER_TURN = 10
KEPT_FREE_BYTES = 8_000_000


class CardPictures:
    """`card()`: the card's folder, None while it is not there or cannot be written. `problem`: why pictures that belong there stay
    in the camera, NOTHING while they do not. `free_pct(path)` as of Retention."""

    def __init__(
        self,
        store: Store,
        pictures: StoredPictures,
        card: Callable[[], Path | None],
        clock: Clock,
        free_pct: Callable[[Path], float] = free_for_files_pct,
    ) -> None:
        self._store = store
        self._pictures = pictures
        self._card = card
        self._clock = clock
        self._free_pct = free_pct
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="card", daemon=True)
        self.problem = NOTHING

    def start(self) -> None:
        """Without a place for a card there is nothing to do."""
        if self._pictures.card is not None:
            self._thread.start()

    def close(self) -> None:
        """Waits a moment for what is under way; a card that hangs is left alone."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        wait_s = TURN_S
        while not self._stop.wait(wait_s):
            try:
                wait_s = TURN_S if self.turn() else REST_S
            except GatewrightError as why:
                log.info("later: %s", why)  # the database is exchanged, or takes nothing
                wait_s = REST_S
            except Exception:
                log.exception("card")
                wait_s = REST_S

    def turn(self) -> bool:
        """Does what is due; False when the card refuses. StoreError as of the store."""
        settings = self._store.settings(GeneralSettings)
        is_wanted = settings.store_images_on == SD_CARD
        files = self._pictures.card if self._card() else None
        if files is None:
            self._store.card.bound()
            self._say(Text("it is not in its place, or cannot be written") if is_wanted else NOTHING)
            return not is_wanted
        try:
            self._delete(files)
            if settings.purge != "disabled":
                self._purge(files, settings.keep_free_pct)
            refused = self._move(files) if is_wanted else NOTHING
        except OSError as why:
            refused = (
                Text("it is full") if why.errno in NO_ROOM else Text("it takes nothing: {why}", {"why": why.strerror or str(why)})
            )
        self._say(refused if is_wanted else NOTHING)
        return not refused

    def _say(self, problem: Text) -> None:
        if problem and not self.problem:
            log.warning("pictures stay in the camera: the SD card: %s", problem)
        elif self.problem and not problem:
            log.warning("pictures go to the SD card again")
        self.problem = problem

    # --- to the card ---

    def _move(self, files: CardFiles) -> Text:
        """Why the card takes no more."""
        now = self._clock.now()
        new = self._store.card.first_new(stamp(now - timedelta(seconds=SETTLED_S)), stamp(now))
        for _ in range(CHUNKS_PER_TURN):
            some = self._store.card.next_in_camera(new, CHUNK)
            if not some or self._card() is None or self._stop.is_set():
                break
            if space(files.root)[1] < KEPT_FREE_BYTES:
                return Text("it is full")
            for name in (name for each in some for name in each.names):
                with suppress(FileNotFoundError), open_below(self._pictures.own, name) as source:  # it may have been purged
                    files.put(name, source)
            gone = self._store.card.moved(some)
            for each in some:
                for name in each.names:
                    if each.rowid in gone:  # deleted while it was copied
                        files.delete(name)
                    self._delete_own(name)
        return NOTHING

    def _delete_own(self, name: str) -> None:
        """And its day's folder with the last one."""
        path = self._pictures.own / name
        with suppress(OSError):
            path.unlink(missing_ok=True)
            path.parent.rmdir()

    # --- off the card ---

    def _delete(self, files: CardFiles) -> None:
        """What belongs to passages that are gone."""
        for _ in range(CHUNKS_PER_TURN):
            names = self._store.card.deletions(CHUNK)
            if not names:
                return
            for name in names:
                files.delete(name)
            self._store.card.deleted(names)

    def _purge(self, files: CardFiles, keep_pct: int) -> None:
        """The oldest pictures, while the card has less free than the settings want; then what lies there of no passage."""
        after = 0
        for _ in range(CHUNKS_PER_TURN):
            if self._free_pct(files.root) >= keep_pct or self._stop.is_set():
                return
            some = self._store.card.oldest(after, CHUNK)
            if not some:
                return self._drop_days(files, keep_pct)
            after = some[-1].rowid
            here = [each for each in some if any(map(files.has, each.names))]  # the others are on another card
            self._store.passages.forget_pictures([each.rowid for each in here])
            self._delete(files)
            if here:
                log.warning("pictures of the %d oldest passages deleted on the SD card: it had too little free", len(here))

    def _drop_days(self, files: CardFiles, keep_pct: int) -> None:
        """Days of which no passage has pictures there: of a database that was reset."""
        for day in files.days():
            if self._free_pct(files.root) >= keep_pct or self._store.card.has(day.replace("/", "-")):
                return
            files.delete_day(day)
