"""Core: when the process is ended because no car would be let in, and when not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import Clock
from board.kit.errors import StoreError
from board.kit.state import State
from engine.actions import find_kinds
from engine.service import core, passages_in
from engine.service.core import Service
from engine.settings import GeneralSettings
from engine.store import Store
from tests.samples import WHITE, entry, passage, rule
from tests.waiting import until


class Hanging:
    """The first passage of a service hangs in `what` of the gate's store until it goes on."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
        monkeypatch.setattr(core, "STUCK_S", 0.0)
        monkeypatch.setattr(passages_in, "PATIENCE_S", 0.0)
        state = State(root)
        store = Store(state.database, Clock())
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        store.rules.save(rule(WHITE), "admin")
        store.close()
        self.service = Service(state, Clock(), find_kinds(), True, lambda: None)
        opened = self.service._open_core()
        assert opened is not None
        self.opened = opened
        self.hangs, self.goes_on = threading.Event(), threading.Event()
        self._real = getattr(opened.gate, what)
        monkeypatch.setattr(opened.gate, what, self._wait)
        self.service._passages_in.take(passage())
        until(self.hangs.is_set, "the passage")

    def _wait(self, *arguments: Any) -> Any:
        self.hangs.set()
        assert self.goes_on.wait(20)
        return self._real(*arguments)

    def end(self) -> None:
        self.goes_on.set()
        until(lambda: not self.service._passages_in.oldest_s(), "the passage's end")
        self.opened.close()


@pytest.fixture
def hanging(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Hanging]:
    made = Hanging(tmp_path, monkeypatch, request.param)
    yield made
    made.end()


@pytest.mark.parametrize("hanging", ["add_passage"], indirect=True)
def test_a_service_that_only_waits_for_a_card_is_not_ended_as_it_lets_cars_in_meanwhile(
    hanging: Hanging, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert hanging.service.stuck() == ""
    monkeypatch.setattr(core, "CARD_LIMIT_S", 0.0)
    assert "on its way into the store" in hanging.service.stuck()


@pytest.mark.parametrize("hanging", ["rules"], indirect=True)
def test_a_service_that_decides_about_no_car_any_more_is_ended(hanging: Hanging) -> None:
    assert "on its way into the store" in hanging.service.stuck()


def test_what_an_administrator_permitted_holds_while_the_settings_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Messages to such an address were given up for good, as it was forbidden for a moment."""
    store = Store(State(tmp_path).database, Clock())
    store.settings.put(GeneralSettings(action_addresses="127.0.0.2"), "admin")
    store.close()
    service = Service(State(tmp_path), Clock(), find_kinds(), True, lambda: None)
    opened = service._open_core()
    assert opened is not None
    try:
        before = service._permitted()
        assert before == ("127.0.0.2",)

        def stall(kind: object) -> object:
            raise StoreError("database {name} cannot be read", name="anpr.db")

        monkeypatch.setattr(opened.store, "settings", stall)
        assert service._permitted() == before
    finally:
        opened.close()
