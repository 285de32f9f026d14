"""Kinds: one whose library is missing is listed with the reason and stops nothing."""

from __future__ import annotations

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import engine.actions
from board.kit.clock import TestClock
from board.kit.errors import ConfigError
from engine.actions import find_kinds, options_of
from engine.dispatch.judge import RuleJudge
from engine.store import Store
from tests.samples import rule

WITHOUT = "import paho_of_nobody.client\n"
NEEDS = """
from board.kit.settings import Settings
from board.kit.words import Text
from engine.actions._kind import ActionKind
ACTION = ActionKind("mqtt_x", "MQTT", Settings, lambda event, options, env: Text("sent"), needs=("paho_of_nobody.client",))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(engine.actions, "__path__", [*engine.actions.__path__, str(tmp_path)])

    def add(name: str, text: str) -> None:
        (tmp_path / f"{name}.py").write_text(text)
        importlib.invalidate_caches()

    yield add
    for name in [each for each in sys.modules if each.startswith("engine.actions.") and each.endswith("_x")]:
        del sys.modules[name]


@pytest.mark.parametrize(("text", "label"), [(WITHOUT, "MQTT_X"), (NEEDS, "MQTT")])
def test_a_kind_whose_library_is_missing_is_listed_and_cannot_be_used(tmp_path: Path, folder: Any, text: str, label: str) -> None:
    folder("mqtt_x", text)
    kinds = find_kinds()
    assert set(kinds) >= {"io", "mqtt_x"}
    assert (kinds["mqtt_x"].label, kinds["mqtt_x"].missing.partition(".")[0]) == (label, "paho_of_nobody")
    with pytest.raises(ConfigError, match=f"{label} needs paho_of_nobody"):
        kinds["mqtt_x"].check_usable()
    store = Store(tmp_path / "anpr.db", TestClock(), RuleJudge(kinds))
    with pytest.raises(ConfigError, match=f"{label} needs paho_of_nobody"):
        store.rules.save(replace(rule(kind="mqtt_x"), options="{}"), "admin")
    saved = store.rules.save(replace(rule(kind="mqtt_x"), options="{}", enabled=False), "admin")
    assert saved.enabled is False
    store.close()


def test_what_was_stored_for_a_kind_that_does_not_import_stays(folder: Any) -> None:
    folder("mqtt_x", WITHOUT)
    _, options = options_of(find_kinds(), "mqtt_x", '{"broker": "10.0.0.9", "topic": "gate"}')
    assert options.model_dump() == {"broker": "10.0.0.9", "topic": "gate"}


def test_a_module_of_our_own_that_is_missing_stops_the_start(folder: Any) -> None:
    folder("broken_x", "import engine.nothing\n")
    with pytest.raises(ConfigError, match=r"engine\.actions\.broken_x cannot be imported"):
        find_kinds()
