"""Risks: what lists would let in by mistake (engine/risk.py), computed when somebody asks and kept until a list changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from threading import Lock

from engine.risk import Risk, risk
from engine.store import Store
from engine.types import PlateList

KEPT = 8


class Risks:
    """One is computed at a time, by the thread that asks; any thread may."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._computing = Lock()
        self._known: OrderedDict[tuple[int, tuple[str, ...], int], Risk] = OrderedDict()

    def of(self, plate_list: PlateList, codes: Sequence[str]) -> Risk:
        """For strangers from these countries."""
        with self._computing:
            key = (plate_list.id, tuple(codes), self._store.changes.newest())
            found = self._known.get(key) or risk(self._store, plate_list, codes)
            self._known[key] = found
            self._known.move_to_end(key)
            if len(self._known) > KEPT:
                self._known.popitem(last=False)
            return found
