"""Unopened: tells the engine which cars were to be let in and were not, so that it reads those anew that still stand there."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from board.kit.errors import StoreError, WireError
from engine.messages import ReadAgain
from engine.store import Store

log = logging.getLogger("service")

NEWEST = 20
"""So many passages are looked at: an older car has gone."""


class Unopened:
    """`turn` is called about once a second while something can open the gate, `engine_gone` when the engine's connection ended.

    `kinds`: what opens gates."""

    def __init__(self, kinds: Collection[str], send: Callable[[ReadAgain], None]) -> None:
        self._kinds = kinds
        self._send = send
        self._told: set[str] = set()

    def engine_gone(self) -> None:
        self._told = set()

    def turn(self, store: Store) -> None:
        try:
            found = store.deliveries.unopened(self._kinds, NEWEST)
        except StoreError as why:
            log.debug("%s", why)
            return
        for passage_id, plate in found:
            if passage_id not in self._told:
                try:
                    self._send(ReadAgain(passage_id, plate))
                except WireError:
                    return  # no engine: the next one is told
                self._told.add(passage_id)
        self._told &= {passage_id for passage_id, _ in found}
