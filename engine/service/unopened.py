"""Unopened: tells the engine which cars were to be let in and were not, so that it reads those that still stand there again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection

from board.kit.errors import StoreError, WireError
from engine.messages import ReadAgain
from engine.store import Store

log = logging.getLogger("service")

NEWEST = 20
"""How many passages are examined: an older car has gone."""


class Unopened:
    """`turn` is called about once a second while something can open the gate, `engine_gone` when the engine's connection ended.

    `kinds`: the kinds that open gates; `has_begun(ids of deliveries)`: whether pins began one of them although nobody recorded
    it."""

    def __init__(
        self, kinds: Collection[str], send: Callable[[ReadAgain], None], has_begun: Callable[[Collection[str]], bool]
    ) -> None:
        self._kinds = kinds
        self._send = send
        self._has_begun = has_begun
        self._told: set[str] = set()

    def engine_gone(self) -> None:
        self._told = set()

    def turn(self, store: Store) -> None:
        try:
            found = store.deliveries.unopened(self._kinds, NEWEST)
        except StoreError as why:
            log.debug("%s", why)
            return
        for each in found:
            if each.passage_id in self._told:
                continue
            if not self._has_begun(each.deliveries):
                try:
                    self._send(ReadAgain(each.passage_id, each.plate))
                except WireError:
                    return  # no engine: the next one is told
            self._told.add(each.passage_id)
        self._told &= {each.passage_id for each in found}
