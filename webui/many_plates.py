"""Many plates: the same change to many entries of a list, each with its own row of Audit, in transactions so short that a car at
the gate does not notice them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.words import Text
from engine.lists import LATEST
from engine.store.steps import Steps
from engine.types import ListEntry
from webui.portal import Portal

MOST = 1_000
"""At once."""
FEWEST, FIRST = 1, 4
"""Entries of a step: to check and store one takes a third of a millisecond on a fast machine."""

Change = Callable[[ListEntry], ListEntry | None]
"""What becomes of an entry: changed, as it is, or None: it is deleted. Raises ConfigError when that is not possible."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`done`: entries that were changed; `kept`: plates that stay as they were, with the reason."""

    done: int
    kept: tuple[tuple[str, Text], ...]


def carry_out(portal: Portal, list_id: int, ids: Sequence[int], change: Change, by: str) -> Outcome:
    """Entries that have left the list meanwhile are passed over. What is not possible for one is carried out for the others."""
    done, kept, left = 0, [], list(dict.fromkeys(ids))
    pace = Steps(fewest=FEWEST, first=FIRST)
    while left:
        with pace.step() as most, portal.store.transaction():
            for entry_id in left[:most]:
                entry = portal.store.entries.get(entry_id)
                if entry is None or entry.list_id != list_id:
                    continue
                try:
                    done += _changed(portal, entry, change, by)
                except ConfigError as why:
                    kept.append((entry.plate, why.text))
        left = left[most:]
    return Outcome(done, tuple(kept))


def _changed(portal: Portal, entry: ListEntry, change: Change, by: str) -> bool:
    wanted = change(entry)
    if wanted is None:
        portal.store.entries.delete(entry.id, by)
    elif wanted != entry:
        portal.store.entries.save(wanted, by)
    return wanted != entry


def stopped(now: datetime) -> Change:
    """Not valid any more from now on; one that has ended already stays as it is."""

    def change(entry: ListEntry) -> ListEntry:
        if entry.valid_until <= now:
            return entry
        if entry.valid_from >= now:
            raise ConfigError("it is not valid yet: delete it, or change when it begins")
        return replace(entry, valid_until=now)

    return change


def resumed(now: datetime) -> Change:
    """Valid again, without an end, where it had ended."""
    return lambda entry: replace(entry, valid_until=LATEST) if entry.valid_until <= now else entry
