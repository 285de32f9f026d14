"""Kinds: which type of plate a look and a text tell."""

from __future__ import annotations

import pytest

from engine.countries import kind


@pytest.mark.parametrize(
    ("code", "ground", "ink", "text", "expected"),
    [
        ("CN", "green", "black", "沪AD12345", "electric"),
        ("CN", "yellow", "black", "沪A12345", "commercial"),
        ("CN", "white", "black", "沪A1234警", "police"),
        ("CN", "blue", "white", "沪A12345", ""),
        ("DE", "white", "black", "MAB123E", "electric"),
        ("DE", "white", "black", "MAB123H", "historic"),
        ("DE", "white", "green", "MAB123", "special"),
        ("PL", "green", "black", "WA12345", "electric"),
        ("PL", "white", "black", "WA12345", ""),
        ("NL", "blue", "black", "H123BC", "taxi"),
        ("BR", "red", "white", "ABC1234", "commercial"),
        ("BR", "white", "red", "ABC1D23", "commercial"),
        ("LV", "yellow", "black", "TX1234", "taxi"),
        ("KR", "yellow", "black", "서울32바1234", "commercial"),
        ("KR", "white", "black", "123하4567", "rental"),
        ("IR", "red", "white", "۱۲ا۳۴۵۶۷", "official"),
        ("CA-ON", "white", "green", "GVAB123", "electric"),
    ],
)
def test_a_look_and_a_text_tell_the_type(code: str, ground: str, ink: str, text: str, expected: str) -> None:
    assert kind(code, ground, ink, text) == expected


def test_a_light_ground_that_may_be_white_or_grey_tells_no_type_apart() -> None:
    assert kind("BR", "white", "black", "ABC1234") == kind("BR", "grey", "black", "ABC1234") == ""


def test_dark_characters_shut_out_the_bright_inks_only() -> None:
    assert kind("IS", "white", "red", "ABC12") == "commercial"
    assert kind("IS", "white", "black", "ABC12") == ""


def test_without_colours_the_text_alone_tells_what_it_can() -> None:
    assert kind("NO", "", "", "EL12345") == ""  # an ordinary format takes it too
    assert kind("CN", "", "", "沪A1234学") == "special"


def test_an_unknown_country_and_one_that_only_has_states_tell_nothing() -> None:
    assert kind("", "green", "black", "AB123") == kind("ZZ", "green", "black", "AB123") == kind("US", "white", "", "AB123") == ""
