"""One suite over every action kind: its options describe themselves, and it delivers or says why not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import DeliveryError
from board.kit.settings import Settings, check
from board.kit.state import State
from board.serial._twin import plug
from engine.actions import ActionKind, Lane, find_kinds, options_of
from engine.dispatch.polarity import wanted_polarities
from tests.samples import FakePins, entry, env, event, new_store, rule

KINDS = find_kinds()
WIDGETS = {"", "password", "textarea", "output", "input", "wiegand_port", "url"}


def test_the_kinds_of_this_release_are_there() -> None:
    assert set(KINDS) >= {"io", "wiegand", "http", "wiegand_serial", "display"}


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> ActionKind[Any]:
    return KINDS[request.param]


def test_the_name_is_that_of_its_file_and_it_has_a_label(kind: ActionKind[Any]) -> None:
    assert KINDS[kind.name] is kind
    assert kind.label.strip() == kind.label != ""


def test_every_option_has_a_title_a_help_text_and_a_known_widget(kind: ActionKind[Any]) -> None:
    assert issubclass(kind.options, Settings)
    for name, field in kind.options.model_fields.items():
        extra = field.json_schema_extra
        assert isinstance(extra, dict), name
        assert field.title and field.title[0].isupper() and len(field.title) <= 30, name
        assert field.description and field.description.endswith(".") and len(field.description) > 15, name
        assert extra["widget"] in WIDGETS, name


def test_the_defaults_are_valid_and_survive_the_database(kind: ActionKind[Any]) -> None:
    options = kind.options()
    assert check(kind.options, options.model_dump()) == options
    assert options_of(KINDS, kind.name, options.model_dump_json())[1] == options
    assert options_of(KINDS, kind.name, "")[1] == options


def test_a_password_option_is_marked_as_one(kind: ActionKind[Any]) -> None:
    for name, field in kind.options.model_fields.items():
        extra = field.json_schema_extra
        if any(word in name for word in ("password", "secret", "token")):
            assert isinstance(extra, dict) and extra["widget"] == "password"


def test_what_opens_a_gate_is_fast_short_lived_and_withheld_from_the_blacklist(kind: ActionKind[Any]) -> None:
    if kind.lane is Lane.FAST:
        assert kind.max_age_s <= 10
        assert kind.withheld(kind.options()) is True
        assert kind.withheld(kind.options(even_if_blacklisted=True)) is False
    else:
        assert kind.withheld(kind.options()) is False
    assert all(isinstance(active_high, bool) for active_high in kind.polarity(kind.options()).values())


def unreachable(kind: ActionKind[Any]) -> dict[str, Any]:
    """Options with which an action over a network or a serial line finds nobody."""
    if "url" in kind.options.model_fields:
        return {"url": "http://127.0.0.1:9/", "timeout_s": 1}
    return {"line": "sim://gate"} if "line" in kind.options.model_fields else {}


def test_it_says_what_it_did_or_raises_a_delivery_error(kind: ActionKind[Any], tmp_path: Path) -> None:
    pins = FakePins("the line is taken")
    options = kind.options(**unreachable(kind))
    refused = ""
    try:
        said = kind.deliver(event(listed=entry("HK55EVB")), options, env(pins, tmp_path))
    except DeliveryError as why:
        said = refused = str(why)
    assert said and "\n" not in said
    if kind.lane is not Lane.FAST:
        return
    assert refused
    if "line" in kind.options.model_fields:
        plug(State(tmp_path), "gate")
        options = kind.options(line="sim://gate")
    note = kind.deliver(event(listed=entry("HK55EVB")), options, env(pins, tmp_path))
    assert note and "\n" not in note
    assert {request.id for request in pins.requests} == (set() if "line" in kind.options.model_fields else {"d1"})


def test_a_rule_of_it_can_be_saved_and_wires_what_it_says(kind: ActionKind[Any], tmp_path: Path) -> None:
    saved = new_store(tmp_path).rules.save(rule(kind=kind.name), "admin")
    assert json.loads(saved.options) == json.loads(kind.options().model_dump_json())
    assert wanted_polarities([saved], KINDS) == dict(kind.polarity(kind.options()))
