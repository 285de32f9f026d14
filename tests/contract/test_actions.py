"""One suite over every action kind: its options describe themselves, and it delivers or says why not.

The test of each kind (tests/unit/engine/actions/test_NAME.py) offers `peer(folder)`: a peer that is there, and how it goes away.
Where its messages have no key of the delivery that this suite sees, it says why in NO_KEY.
"""

from __future__ import annotations

import importlib
import json
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import DeliveryError
from board.kit.settings import Settings, check
from board.kit.words import Text, from_stored, to_stored
from engine.actions import ActionKind, Lane, Taken, find_kinds, options_of
from engine.dispatch.polarity import wanted_polarities
from tests.samples import ActionPeer, entry, event, new_store, rule

KINDS = find_kinds()
WIDGETS = {"", "password", "textarea", "output", "input", "wiegand_port", "secret_url"}


def test_the_kinds_of_this_release_are_there() -> None:
    assert set(KINDS) >= {"io", "wiegand", "http", "wiegand_vivotek", "display", "email", "ftp", "syslog", "vast2"}


@pytest.fixture(params=sorted(KINDS))
def kind(request: pytest.FixtureRequest) -> ActionKind[Any]:
    return KINDS[request.param]


@pytest.fixture
def peer(kind: ActionKind[Any], tmp_path: Path) -> Iterator[ActionPeer]:
    with own_tests(kind).peer(tmp_path) as made:
        yield made


def own_tests(kind: ActionKind[Any]) -> Any:
    return importlib.import_module(f"tests.unit.engine.actions.test_{kind.name}")


def test_the_name_is_that_of_its_file_and_it_has_a_label(kind: ActionKind[Any]) -> None:
    assert KINDS[kind.name] is kind
    assert kind.label.strip() == kind.label != ""


def test_what_it_needs_is_installed_where_the_tests_run(kind: ActionKind[Any]) -> None:
    assert kind.missing == ""
    kind.check_usable()


def test_every_option_has_a_title_a_help_text_and_a_known_widget(kind: ActionKind[Any]) -> None:
    assert issubclass(kind.options, Settings)
    for name, field in kind.options.model_fields.items():
        assert field.title and field.title[0].isupper() and len(field.title) <= 30, name
        assert field.help.endswith(".") and len(field.help) > 15, name
        assert field.widget in WIDGETS, name


def test_the_defaults_are_valid_and_survive_the_database(kind: ActionKind[Any]) -> None:
    options = kind.options()
    assert check(kind.options, options.model_dump()) == options
    assert options_of(KINDS, kind.name, options.model_dump_json())[1] == options
    assert options_of(KINDS, kind.name, "")[1] == options


def test_a_password_option_is_marked_as_one(kind: ActionKind[Any]) -> None:
    for name, field in kind.options.model_fields.items():
        if any(word in name for word in ("password", "secret", "token")):
            assert field.widget == "password"


def test_what_opens_a_gate_is_fast_short_lived_and_withheld_from_the_blacklist(kind: ActionKind[Any]) -> None:
    if kind.lane is Lane.FAST:
        assert kind.max_age_s <= 10
        assert kind.withheld(kind.options()) is True
        assert kind.withheld(kind.options(even_if_blacklisted=True)) is False
    else:
        assert kind.withheld(kind.options()) is False
    outputs = kind.polarity(kind.options())
    assert all(isinstance(active_high, bool) for active_high in outputs.values())
    assert kind.gate_output(kind.options()) in {"", *outputs}


def test_what_sends_a_number_says_how_long_it_is_and_which_plates_it_can_never_send(kind: ActionKind[Any]) -> None:
    bits = kind.number_bits(kind.options())
    assert bits in (0, 26)
    too_large = kind.unsendable(entry("HK55EVB", wiegand_facility=300, wiegand_card=5), kind.options())
    assert (too_large is not None) == bool(bits)
    assert kind.unsendable(entry("HK55EVB"), kind.options()) is None


def test_it_says_what_it_did_and_raises_a_delivery_error_once_its_peer_is_gone(kind: ActionKind[Any], peer: ActionPeer) -> None:
    options = kind.options(**peer.options)
    note = said(kind, options, peer)
    assert note.key and "\n" not in str(note)
    assert from_stored(to_stored(note)) == note
    peer.break_it()
    with pytest.raises(DeliveryError) as why:
        for _ in range(3):  # what was sent just before may be all that tells of a line that is gone
            said(kind, options, peer)
    assert str(why.value) and "\n" not in str(why.value)


def said(kind: ActionKind[Any], options: Settings, peer: ActionPeer) -> Text:
    done = kind.deliver(event(listed=entry("HK55EVB"), **peer.passage), options, peer.env)
    return done.note if isinstance(done, Taken) else done


def test_each_try_of_a_delivery_carries_the_same_key(
    kind: ActionKind[Any], peer: ActionPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[bytes] = []
    for name in ("send", "sendall", "sendto"):
        real = getattr(socket.socket, name)
        monkeypatch.setattr(
            socket.socket, name, lambda self, data, *more, real=real: (sent.append(bytes(data)), real(self, data, *more))[1]
        )
    options, one = kind.options(**peer.options), event(listed=entry("HK55EVB"), **peer.passage)
    keys = {one.passage.id, peer.env.delivery_id, str(uuid.uuid5(uuid.NAMESPACE_URL, f"gatewright:{peer.env.delivery_id}"))}
    found = []
    for _ in range(2):
        sent.clear()
        asked = len(getattr(peer.env.pins, "requests", ()))
        kind.deliver(one, options, peer.env)
        by_pins = {request.id for request in getattr(peer.env.pins, "requests", ())[asked:]}
        found.append({key for key in keys if key in by_pins or key.encode() in b"".join(sent)})
    assert (found[0] == found[1]) and (bool(found[0]) is not hasattr(own_tests(kind), "NO_KEY")), found


def test_what_is_kept_open_for_a_peer_opens_and_closes(kind: ActionKind[Any], peer: ActionPeer) -> None:
    options = kind.options(**peer.options)
    if kind.open is None:
        return
    assert kind.peer(options)
    with kind.open(kind.peer(options), peer.env):
        pass
    peer.break_it()
    with kind.open(kind.peer(options), peer.env):
        pass


def test_a_rule_of_it_can_be_saved_and_wires_what_it_says(kind: ActionKind[Any], tmp_path: Path) -> None:
    saved = new_store(tmp_path).rules.save(rule(kind=kind.name), "admin")
    assert json.loads(saved.options) == json.loads(kind.options().model_dump_json())
    assert wanted_polarities([saved], KINDS) == dict(kind.polarity(kind.options()))


def test_what_an_option_depends_on_is_an_option_of_the_kind_with_such_values(kind: ActionKind[Any]) -> None:
    fields = kind.options.model_fields
    for name, field in fields.items():
        for other, allowed in {**field.when, **field.needed}.items():
            assert other in fields and other != name, name
            choices = fields[other].choices
            assert not choices or set(allowed) <= {*choices, "*"}, name
            assert isinstance(fields[other].default, bool) == isinstance(allowed[0], bool), name
