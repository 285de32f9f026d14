"""WIEGAND VIVOTEK action: the exact bytes on the line, the answer, and why a delivery failed."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from board.kit.errors import ConfigError, DeliveryError, PeerRefused
from board.kit.settings import check
from board.kit.state import State
from board.serial._twin import plug, sent
from engine.actions import find_kinds
from engine.actions.wiegand_vivotek import ACTION, ConverterOptions
from engine.dispatch.rules import due
from engine.types import Match, PlateList
from tests.http_peer import http_peer
from tests.samples import NOW, NOW_NS, WHITE, entry, env, event, new_store, passage, rule
from tests.samples import serial_peer as peer  # noqa: F401 (for the contract test)

NO_KEY = "a number on a serial line has no room for one"


def deliver(folder: Path, **options: object) -> str:
    settings = check(ConverterOptions, {"line": "sim://gate", **options})
    listed = entry("HK55EVB", wiegand_facility=11, wiegand_card=12345)
    return str(ACTION.deliver(event(listed=listed), settings, env(images=folder)))


def test_the_number_of_the_list_goes_out_as_one_line(tmp_path: Path) -> None:
    plug(State(tmp_path), "gate")
    assert deliver(tmp_path) == "gate sent 26 bits, facility 11 card 12345"
    assert sent(State(tmp_path), "gate") == b"W26 11 12345\r\n"


def test_a_converter_gets_what_it_understands(tmp_path: Path) -> None:
    plug(State(tmp_path), "gate")
    deliver(tmp_path, message=r"\x02{code};{hex};{plate}\x03")
    # bits as in Hikvision's manual (docs/sources.md, Wiegand)
    assert sent(State(tmp_path), "gate") == b"\x0210000101100110000001110011;0B3039;HK55EVB\x03"


def test_a_plate_without_a_number_is_hashed_as_nedap_does(tmp_path: Path) -> None:
    plug(State(tmp_path), "gate")
    settings = check(ConverterOptions, {"line": "sim://gate", "message": "{hex}"})
    ACTION.deliver(event(listed=entry("HK55EVB")), settings, env(images=tmp_path))
    assert sent(State(tmp_path), "gate") == b"80CF15"


def test_a_missing_line_and_a_missing_answer_are_tried_again(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="there is no gate"):
        deliver(tmp_path)
    plug(State(tmp_path), "gate")
    with pytest.raises(DeliveryError, match=r"does not answer within 0\.05 s; 'OK' was expected"):
        deliver(tmp_path, answer="OK", answer_ms=50)


def test_an_answer_that_repeats_the_number_counts_for_this_number(tmp_path: Path) -> None:
    said = deliver(tmp_path, line="loop://", answer=r"W{bits} {facility} {card}\r\n")
    assert said == "line sent 26 bits, facility 11 card 12345, answered"
    with pytest.raises(DeliveryError, match=r"answers 'W26 11 12345\\r\\n' within 0\.5 s; 'OK 12345' was expected"):
        deliver(tmp_path, line="loop://", answer="OK {card}")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"line": "COM1"}, "Serial line: .*such as serial"),
        ({"message": "{number}"}, r"Message: there is no \{number\}; there are \{bits\}"),
        ({"message": r"\q"}, "Message: .*is not a byte"),
        ({"message": "Ж"}, "Message: 'Ж' is not a single byte"),
        ({"answer": r"\x1"}, "Expected answer"),
    ],
)
def test_wrong_options_are_explained(options: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        check(ConverterOptions, {**options})


def test_over_http_the_board_is_asked_once_and_a_plate_cannot_change_the_address() -> None:
    with http_peer(lambda asked: (200, {}, b"")) as server:
        chosen = check(
            ConverterOptions, {"by": "http", "url": f"http://127.0.0.1:{server.port}/w?f={{bits}}&c={{card}}&p={{plate}}"}
        )
        listed = entry("HK55EVB", wiegand_facility=11, wiegand_card=12345)
        said = ACTION.deliver(event("A&c=1#/é", listed=listed), chosen, env())
        assert str(said) == f"127.0.0.1:{server.port} sent 26 bits, facility 11 card 12345"
        assert ACTION.peer(chosen) == f"127.0.0.1:{server.port}"
    assert [(asked.method, asked.path) for asked in server.got] == [("GET", "/w?f=26&c=12345&p=A%26c%3D1%23%2F%C3%A9")]


def test_over_http_a_board_that_says_no_or_is_gone_is_tried_again() -> None:
    with http_peer(lambda asked: (503, {}, b"")) as server:
        chosen = check(ConverterOptions, {"by": "http", "url": f"http://127.0.0.1:{server.port}/?{{hex}}"})
        with pytest.raises(PeerRefused, match=f"http://127.0.0.1:{server.port}/ answers 503"):
            ACTION.deliver(event(), chosen, env())
    with pytest.raises(DeliveryError, match="no connection"):
        ACTION.deliver(event(), chosen, env())


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://{plate}.example/", "URL: a plate or a number cannot be part of the host"),
        ("http://a/{number}", r"URL: there is no \{number\}"),
        ("ftp://a/", "URL: must be an address"),
    ],
)
def test_an_address_that_cannot_be_asked_is_refused(url: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        check(ConverterOptions, {"url": url})


def test_rules_of_releases_that_called_it_wiegand_serial_are_carried_out_and_saved_under_its_name(tmp_path: Path) -> None:
    kinds = find_kinds()
    assert kinds["wiegand_serial"] is kinds["wiegand_vivotek"]
    assert "wiegand_serial" in kinds
    assert [kind.name for kind in kinds.values()].count("wiegand_vivotek") == 1
    stored = rule(kind="wiegand_serial", line="sim://gate")
    taken = due(passage(), (Match(PlateList(WHITE, "WHITELIST", "white"), None),), [stored], kinds, ZoneInfo("UTC"), NOW, NOW_NS)
    assert [(item.kind, item.state) for item in taken] == [("wiegand_serial", "pending")]
    assert new_store(tmp_path).rules.save(stored, "admin").kind == "wiegand_vivotek"
