"""Peers: the serial lines of the enabled actions are opened before a car comes, so that one that is missing shows by then."""

from __future__ import annotations

from collections.abc import Callable

from board.kit.errors import ConfigError, StoreError
from board.serial import SerialLines
from engine.actions import Kinds, options_of
from engine.store import Store


class Peers:
    """`refresh` after every change of the rules."""

    def __init__(self, kinds: Kinds, serial: SerialLines, report: Callable[[str], None]) -> None:
        self._kinds = kinds
        self._serial = serial
        self._report = report

    def refresh(self, store: Store) -> None:
        """Opens what is new and closes what no enabled action uses any more."""
        try:
            rules = store.rules()
        except StoreError as why:
            self._report(str(why))
            return
        urls = []
        for rule in rules:
            if not rule.enabled:
                continue
            try:
                kind, options = options_of(self._kinds, rule.kind, rule.options)
            except ConfigError:
                continue  # options of another release: its deliveries fail with that reason
            urls.append(kind.serial(options))
        self._serial.keep(url for url in urls if url)
