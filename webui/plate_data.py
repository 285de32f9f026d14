"""Plate data: everything that is stored of one plate, given out or deleted when its owner asks for it (GDPR, 15 and 17)."""

from __future__ import annotations

import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice

from engine import lists as matching
from engine.exchange import local_files
from engine.formats.mail import sorted_out
from engine.formats.stream import Pipe
from engine.store import DeliveryQuery, StoredPassage, notes, rescue
from engine.types import ListEntry
from webui.portal import Portal
from webui.view import shapes
from webui.view.deliveries import shown as delivery
from webui.view.passages import reads, shown

CHUNK = 20
"""Passages of one transaction: a car that comes meanwhile waits for no more."""
REST_S = 0.005


def passages_of(portal: Portal, plate: str) -> Iterator[StoredPassage]:
    """Those with exactly this plate, as it is compared with lists; the one that was stored last first. A search would look for a
    short plate in the newest passages alone."""
    key, before = matching.normalise(plate), 0
    while key and (found := portal.store.passages.of_key(key, before)):
        yield from found
        before = found[-1].rowid


def entries_of(portal: Portal, plate: str) -> list[ListEntry]:
    """One of a list at most: a search for what holds the plate's text would end after so many that hold more."""
    found = (portal.store.entries.at(each.id, plate) for each in portal.store.lists())
    return [entry for entry in found if entry is not None]


def exported(portal: Portal, plate: str) -> Iterator[bytes]:
    """A ZIP: data.json with passages, deliveries, entries, what was changed in them, when the plate was looked for and whether its
    vehicle counts as inside, and the pictures; sent as it is made."""
    zone, pipe = portal.zone(), Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # it only writes
        told = []
        for stored in passages_of(portal, plate):
            passage = stored.passage
            done = portal.store.deliveries(DeliveryQuery(passage_id=passage.id, limit=1000))
            told.append(
                {
                    **shown(portal, stored, zone),
                    "reads": reads(portal, passage, zone),
                    "deliveries": [delivery(portal, each, zone) for each in done],
                }
            )
            for name in filter(None, (passage.images.full, passage.images.plate)):
                content = portal.stored_pictures.read(name)
                if not content:
                    continue  # deleted meanwhile
                archive.writestr(zipfile.ZipInfo(f"pictures/{name.rpartition('/')[2]}"), content)
                yield from pipe.taken()
        entries = [asdict(each) for each in entries_of(portal, plate)]
        kept = portal.store
        document = {
            "plate": plate,
            "passages": told,
            "entries": entries,
            "changes": [{"at": each.at, "before": each.before, "after": each.after} for each in kept.changes.of_plate(plate)],
            "searches": [{"at": each.at, "what": each.what} for each in kept.searches.of_plate(plate)],
            "inside_since": kept.occupancy.known_since(plate),
        }
        archive.writestr("data.json", json.dumps(document, ensure_ascii=False, indent=1, default=str))
    yield from pipe.taken(0)


def forget(portal: Portal, plate: str, by: str) -> shapes.Forgotten:
    """Deletes it wherever this camera stores it, but for its logs. Uploaded files of plates go whatever they hold, as they lie here
    for an hour only. Passages that wait for a message go by themselves once it has ended (engine/service/retention.py)."""
    deleted, waiting = 0, 0
    found = list(passages_of(portal, plate))
    written = {each.passage.plate for each in found}
    while some := list(islice(found, CHUNK)):
        found = found[CHUNK:]
        open_ids = {each.passage.id for each in some if _waits(portal, each.passage.id)}
        done = [each for each in some if each.passage.id not in open_ids]
        for name in (name for each in done for name in (each.passage.images.full, each.passage.images.plate) if name):
            (portal.state.images / name).unlink(missing_ok=True)
        portal.store.passages.delete([each.rowid for each in done])
        portal.store.passages.delete_later(sorted(open_ids))
        deleted, waiting = deleted + len(done), waiting + len(open_ids)
        time.sleep(REST_S)
    entries = entries_of(portal, plate)
    for entry in entries:
        portal.store.entries.delete(entry.id, by)
    spelling = notes.Spelling(plate, *written, *(each.plate for each in entries))
    addresses = {each for entry in entries if entry.email for each in (entry.email, *sorted_out(entry.email)[0])}
    wanted: list[notes.Spelling | notes.Address] = [spelling, *map(notes.Address, addresses)]
    portal.store.unname(plate, wanted, notes.masked(plate))
    notes.forget_in_copies(portal.state.database, plate, wanted, notes.masked(plate))
    portal.uploads.clear(everything=True)
    files = _drop_files(portal, plate, spelling)
    portal.store.passages.leave_nothing()
    return shapes.Forgotten(passages=deleted, waiting=waiting, entries=len(entries), files=files)


def _drop_files(portal: Portal, plate: str, spelling: notes.Spelling) -> int:
    """Of a file in which it stands nothing can be deleted alone. How many exports went."""
    exports = list(local_files.naming(portal.state.exchange, spelling))
    aside = rescue.aside_files(portal.state.database)
    damaged = [each for each in aside if local_files.holds(each, matching.normalise(plate))]
    for path in (*exports, *damaged):
        path.unlink(missing_ok=True)
    return len(exports)


def _waits(portal: Portal, passage_id: str) -> bool:
    """Whether a message of it is still to be delivered."""
    return any(
        each.delivery.finished_at is None for each in portal.store.deliveries(DeliveryQuery(passage_id=passage_id, limit=1000))
    )
