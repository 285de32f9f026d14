"""DISPLAY action: the exact bytes for each protocol, the text's places, and clearing."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import check
from board.kit.state import State
from board.serial._twin import plug, sent
from board.serial.display import show
from engine.actions.display import ACTION, DisplayOptions
from tests.samples import entry, env, event
from tests.samples import serial_peer as peer  # noqa: F401 (for the contract test)

NO_KEY = "it shows a line to people, and the same line again is the same"


@pytest.mark.parametrize(
    ("protocol", "size", "data"),
    [
        ("plain", (2, 20), b"WELCOME\r\nHK55EVB\r\n"),
        ("vt100", (3, 20), b"\x1b[2J\x1b[1;1HWELCOME\x1b[2;1HHK55EVB\x1b[3;1H"),
        ("epson", (2, 20), b"\x0c\x1f$\x01\x01WELCOME\x1f$\x01\x02HK55EVB"),
        ("cd5220", (2, 20), b"\x1bQAWELCOME             \r\x1bQBHK55EVB             \r"),
        ("plain", (1, 4), b"WELC\r\n"),
    ],
)
def test_a_text_is_shown_as_the_displays_manual_says(protocol: str, size: tuple[int, int], data: bytes) -> None:
    assert show(protocol, "WELCOME\nHK55EVB", *size) == data


def test_letters_that_a_display_lacks_lose_their_accents() -> None:
    assert show("plain", "Müller é Ж\x1b", 1, 20) == b"Muller e ??\r\n"


def test_letters_of_latin_scripts_without_a_mark_to_lose_are_written_out() -> None:
    assert show("plain", "Groß Łódź Ørsted – „A“", 1, 40) == b'Gross Lodz Orsted - "A"\r\n'


def test_a_description_of_several_lines_takes_no_other_line_of_the_display(tmp_path: Path) -> None:
    plug(State(tmp_path), "gate")
    options = check(DisplayOptions, {"line": "sim://gate", "protocol": "plain", "text": "{description}\n{plate}"})
    ACTION.deliver(event(listed=entry("HK55EVB", description="Anna\nBerg")), options, env(images=tmp_path))
    assert sent(State(tmp_path), "gate") == b"Anna Berg\r\nHK55EVB\r\n"


def test_a_cd5220_has_one_size() -> None:
    with pytest.raises(ConfigError, match="2 lines of 20"):
        show("cd5220", "", 4, 20)
    with pytest.raises(ConfigError, match="a cd5220 display has 2 lines of 20 characters"):
        check(DisplayOptions, {"protocol": "cd5220", "lines": 4})


def test_plate_and_greeting_are_shown(tmp_path: Path) -> None:
    plug(State(tmp_path), "gate")
    options = check(
        DisplayOptions,
        {"line": "sim://gate", "protocol": "plain", "lines": 3, "text": "Hello {description}\r\n{plate}\n{time} {list}"},
    )
    seen = event(listed=entry("HK55EVB", description="Ms {plate}"))
    assert str(ACTION.deliver(seen, options, env(images=tmp_path))) == "gate shows Hello Ms {plate} / HK55EVB / 04:04 WHITELIST"
    assert sent(State(tmp_path), "gate") == b"Hello Ms {plate}\r\nHK55EVB\r\n04:04 WHITELIST\r\n"


def test_a_display_that_is_not_there_is_tried_again(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="there is no gate: is the adapter plugged in"):
        ACTION.deliver(event(), check(DisplayOptions, {"line": "sim://gate"}), env(images=tmp_path))


def test_a_place_that_does_not_exist_is_named() -> None:
    with pytest.raises(ConfigError, match=r"Text: there is no \{name\}"):
        check(DisplayOptions, {"text": "{name}"})
