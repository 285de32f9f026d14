"""Peers: what action kinds keep open (`ActionKind.open`): one connection for each kind and peer, for as long as an enabled rule
uses it.

It is opened before a car comes, so that a missing peer shows early.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, DeliveryError, GatewrightError
from board.kit.settings import Settings
from board.kit.words import Text
from engine.actions import ActionEnv, ActionKind, Kinds, options_of
from engine.types import ActionRule

log = logging.getLogger("peers")

Key = tuple[str, str]
"""Name of the kind, and the peer as its options name it."""


@dataclass(frozen=True, slots=True)
class _Open:
    """What an action keeps open, and how it is closed."""

    manager: AbstractContextManager[Any]
    thing: Any


class Peers:
    """`report` gets what a person must know. Any thread may call."""

    def __init__(self, kinds: Kinds, report: Callable[[Text], None]) -> None:
        self._kinds = kinds
        self._report = report
        self._changing = threading.Lock()
        self._open: dict[Key, _Open] = {}
        self._borrowed: Key | None = None
        self._by_rule: dict[int, str] = {}

    def of(self, rule_id: int) -> str:
        """The peer that an enabled rule uses; "" for none, or if the rule is not known yet."""
        return self._by_rule.get(rule_id, "")

    def keep(self, rules: Iterable[ActionRule], env: Callable[[], ActionEnv]) -> None:
        """Opens what the enabled rules use and closes everything else; call it after every change of the rules."""
        wanted = self._wanted(rules)
        with self._changing:
            self._borrowed = None
            for key in set(self._open) - set(wanted):
                self._close(key)
            for key, (kind, options) in wanted.items():
                try:
                    opened = self._open.get(key) or self._enter(kind, key, env())
                    _use(kind, opened, tuple(options), env())
                except GatewrightError as why:
                    self._report(Text("{kind}: {why}", {"kind": Text(kind.label), "why": why.text}))

    def get(self, kind: ActionKind[Any], options: Settings, env: Callable[[], ActionEnv]) -> Any:
        """The open peer for these options; None if the kind keeps none. A peer that no rule uses yet (a TEST) is opened, and
        closed with the next such one or the next change of the rules. DeliveryError if it cannot be opened."""
        peer = kind.peer(options) if kind.open else ""
        if not peer:
            return None
        key = (kind.name, peer)
        found = self._open.get(key)
        if found is None:
            with self._changing:
                found = self._open.get(key) or self._borrow(kind, key, env())
        return found.thing

    def close(self) -> None:
        """All at once: each may wait a moment for its peer."""
        with self._changing:
            closing = [threading.Thread(target=self._close, args=(key,), name="close", daemon=True) for key in self._open]
            for each in closing:
                try:
                    each.start()
                except RuntimeError:  # "can't start new thread"
                    each.run()
            for each in closing:
                if each.ident is not None:
                    each.join()

    def _wanted(self, rules: Iterable[ActionRule]) -> dict[Key, tuple[ActionKind[Any], list[Settings]]]:
        wanted: dict[Key, tuple[ActionKind[Any], list[Settings]]] = {}
        by_rule = {}
        for rule in rules:
            if not rule.enabled:
                continue
            try:
                kind, options = options_of(self._kinds, rule.kind, rule.options)
            except ConfigError:
                continue  # options of another release: its deliveries fail with that reason
            by_rule[rule.id] = kind.peer(options)
            if kind.open and by_rule[rule.id]:
                wanted.setdefault((kind.name, by_rule[rule.id]), (kind, []))[1].append(options)
        self._by_rule = by_rule
        return wanted

    def _borrow(self, kind: ActionKind[Any], key: Key, env: ActionEnv) -> _Open:
        if self._borrowed is not None:
            self._close(self._borrowed)
            self._borrowed = None
        try:
            opened = self._enter(kind, key, env)
        except DeliveryError:
            raise
        except GatewrightError as why:
            raise DeliveryError(why.text) from why
        self._borrowed = key
        return opened

    def _enter(self, kind: ActionKind[Any], key: Key, env: ActionEnv) -> _Open:
        assert kind.open is not None
        try:
            manager = kind.open(key[1], env)
            opened = _Open(manager, manager.__enter__())
        except GatewrightError:
            raise
        except Exception as why:  # a bug in a kind must not end the service
            log.exception("%s %s", *key)
            raise DeliveryError("{label}: unexpected error: {error}", label=Text(kind.label), error=type(why).__name__) from why
        self._open[key] = opened
        return opened

    def _close(self, key: Key) -> None:
        opened = self._open.pop(key, None)
        if opened is None:
            return
        try:
            opened.manager.__exit__(None, None, None)
        except Exception:  # a bug in a kind: the others are closed all the same
            log.exception("%s %s", *key)


def _use(kind: ActionKind[Any], opened: _Open, rules: tuple[Settings, ...], env: ActionEnv) -> None:
    try:
        kind.use(opened.thing, rules, env)
    except GatewrightError:
        raise
    except Exception as why:  # a bug in a kind must not end the service
        log.exception("%s", kind.name)
        raise DeliveryError("{label}: unexpected error: {error}", label=Text(kind.label), error=type(why).__name__) from why
