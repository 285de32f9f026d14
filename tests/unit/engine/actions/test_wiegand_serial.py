"""WIEGAND VIVOTEK action: the exact bytes on the line, the answer, and why a delivery failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import check
from board.kit.state import State
from board.serial._twin import plug, sent
from engine.actions.wiegand_serial import ACTION, ConverterOptions
from tests.samples import entry, env, event
from tests.samples import serial_peer as peer  # noqa: F401 (for the contract test)


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
