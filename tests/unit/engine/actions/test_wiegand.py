"""WIEGAND action: the number that is sent for a plate, in every format, against published vectors."""

from __future__ import annotations

from dataclasses import replace

import pytest

from board.kit.errors import ConfigError
from board.kit.settings import check
from board.types import SendWiegand
from board.wiegand.codes import bit_text
from engine.actions.wiegand import ACTION, WiegandOptions, code_for, unsendable
from engine.types import Match
from tests.http_peer import http_peer
from tests.samples import NOW_NS, FakePins, entry, env, event
from tests.samples import pins_peer as peer  # noqa: F401 (for the contract test)


@pytest.mark.parametrize(
    ("options", "facility", "card", "bits"),
    [
        ({"layout": "w26"}, 1, 1, "10000000100000000000000010"),
        ({"layout": "w26"}, 11, 12345, "10000101100110000001110011"),
        ({"layout": "w26"}, 0xD4, 0x1B81, "11101010000011011100000010"),
        ({"layout": "w34"}, 0x89D4, 0x1B81, "1100010011101010000011011100000011"),
        ({"layout": "w34_32"}, None, 0x89D41B81, "1100010011101010000011011100000011"),
        ({"layout": "w34_8_24"}, 0x89, 0xD41B81, "1100010011101010000011011100000011"),
        ({"layout": "w26", "number": "sha1"}, 1, 1, "11000000011001111000101010"),
        ({"layout": "w26"}, None, None, "11000000011001111000101010"),
        ({"layout": "w34_32"}, None, None, "0101110101000000011001111000101010"),
        ({"layout": "plate64"}, 1, 1, "0110000000000000000000100001100100010101010101011110101111011011"),
        ({"number": "fixed", "fixed_facility": 11, "fixed_card": 12345}, 1, 1, "10000101100110000001110011"),
        ({"without_number": "fixed", "fixed_facility": 1, "fixed_card": 1}, None, None, "10000000100000000000000010"),
    ],
)
def test_the_frame_of_hk55evb(options: dict[str, object], facility: int | None, card: int | None, bits: str) -> None:
    listed = entry("HK-55 EVB", wiegand_facility=facility, wiegand_card=card)
    assert bit_text(code_for(event(listed=listed), WiegandOptions(**options))[0]) == bits  # type: ignore[arg-type]


def test_the_text_in_the_list_is_hashed_when_the_plate_was_read_with_a_look_alike() -> None:
    assert str(code_for(event("HK55EVB", listed=entry("HKS5EVB")), WiegandOptions())[1]) != "SHA-1 80CF15"
    assert str(code_for(event("HK5SEVB", listed=entry("HK55EVB")), WiegandOptions())[1]) == "SHA-1 80CF15"


def test_the_plate_as_read_is_hashed_for_a_list_without_entries() -> None:
    assert str(code_for(event(role="all"), WiegandOptions())[1]) == "SHA-1 80CF15"


def test_no_number_is_computed_from_a_plate_that_is_only_like_the_listed_one() -> None:
    like = event(listed=entry("HK55EVC"))
    like = replace(like, match=Match(like.match.list, like.match.entry, distance=1))
    with pytest.raises(ConfigError, match="only similar to the one in the list"):
        code_for(like, WiegandOptions())


def test_a_list_that_takes_one_confused_character_for_the_same_sends_the_number_of_the_listed_plate() -> None:
    like = event("HK55EV8", listed=entry("HK55EVB"))
    like = replace(like, match=Match(replace(like.match.list, fuzzy=True), like.match.entry, distance=1))
    assert str(code_for(like, WiegandOptions())[1]) == "SHA-1 80CF15"


def test_what_fits_a_wildcard_sends_its_own_number() -> None:
    assert str(code_for(event("HK55EVB", listed=entry("HK*")), WiegandOptions())[1]) == "SHA-1 80CF15"
    numbered = entry("HK*", wiegand_facility=11, wiegand_card=12345)
    assert str(code_for(event(listed=numbered), WiegandOptions())[1]) == "facility 11 card 12345"
    assert unsendable(entry("HK*"), WiegandOptions(layout="plate64")) is None


def test_a_plate_code_is_of_a_plate_that_is_sure_and_not_too_long() -> None:
    options = WiegandOptions(layout="plate64")
    assert str(code_for(event("HK5SEVB", listed=entry("HK55EVB")), options)[1]) == "plate HK55EVB"
    like = event(listed=entry("HK55EVC"))
    like = replace(like, match=Match(like.match.list, like.match.entry, distance=1))
    with pytest.raises(ConfigError, match="only similar to the one in the list"):
        code_for(like, options)
    with pytest.raises(ConfigError, match="1 to 10 characters, not 11"):
        code_for(event("ABCDEFGHIJK", role="all"), options)


@pytest.mark.parametrize(
    ("options", "facility", "card", "problem"),
    [
        ({}, 256, 1, "facility must be 0 to 255, not 256"),
        ({}, 1, 65536, "card must be 0 to 65535, not 65536"),
        ({"layout": "w34_32"}, 1, 1, "facility must be 0 to 0, not 1"),
        ({"without_number": "nothing"}, None, None, "plate HK55EVB has no Wiegand number in WHITELIST; nothing was sent"),
    ],
)
def test_a_number_that_does_not_fit_or_is_missing_sends_nothing(
    options: dict[str, object], facility: int | None, card: int | None, problem: str
) -> None:
    pins = FakePins()
    listed = entry("HK55EVB", wiegand_facility=facility, wiegand_card=card)
    with pytest.raises(ConfigError, match=problem):
        ACTION.deliver(event(listed=listed), WiegandOptions(**options), env(pins))  # type: ignore[arg-type]
    assert pins.requests == []


def test_the_request_carries_the_times_and_the_deadline() -> None:
    pins = FakePins()
    options = WiegandOptions(port="W1", width_us=50, period_us=1000, gap_ms=150, repeat=2)
    assert str(ACTION.deliver(event(listed=entry("HK55EVB")), options, env(pins))) == "W1 sent 26 bits, SHA-1 80CF15, 2 times"
    code = code_for(event(listed=entry("HK55EVB")), options)[0]
    assert pins.requests == [SendWiegand("d1", "W1", code, 50, 1000, 150, 2, NOW_NS + 10_000_000_000)]


def test_a_middleware_board_is_asked_over_http_instead_of_the_pins() -> None:
    pins = FakePins()
    with http_peer(lambda asked: (200, {}, b"")) as server:
        chosen = check(WiegandOptions, {"by": "http", "url": f"http://127.0.0.1:{server.port}/?n={{hex}}&b={{code}}"})
        assert str(ACTION.deliver(event(), chosen, env(pins))) == f"127.0.0.1:{server.port} sent 26 bits, SHA-1 80CF15"
    assert server.got[0].path == "/?n=80CF15&b=11000000011001111000101010"  # Nedap's vector (docs/sources.md, Wiegand)
    assert pins.requests == []
