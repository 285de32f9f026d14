"""The format grammar: what patterns mean and what is refused."""

from __future__ import annotations

import random

import pytest

from board.kit.errors import ConfigError
from engine.countries import Country, Format, plain, sample, shapes


def land(pattern: str, letters: str = "ABC", codes: str = "") -> tuple[Country, Format]:
    fmt = Format(pattern)
    return Country("ZZ", "Nowhere", "Europe", (fmt,), letters=letters, codes=codes), fmt


def classes(pattern: str, letters: str = "ABC", codes: str = "") -> set[tuple[str, ...]]:
    country, fmt = land(pattern, letters, codes)
    return {tuple("".join(sorted(allowed)) for allowed in shape.classes) for shape in shapes(country, fmt)}


def test_l_is_a_letter_of_the_country_and_n_a_digit() -> None:
    assert classes("L-N") == {("ABC", "0123456789")}


def test_a_set_takes_ranges_and_single_characters() -> None:
    assert classes("[A-C7][5]") == {("7ABC", "5")}


def test_what_is_in_brackets_may_be_missing() -> None:
    assert classes("L(L)") == {("ABC",), ("ABC", "ABC")}


def test_a_count_repeats_the_item_before_it() -> None:
    assert {len(way) for way in classes("LN{2,4}")} == {3, 4, 5}


def test_words_of_different_length_give_shapes_of_different_length() -> None:
    assert classes("<AB,C>1") == {("A", "B", "1"), ("C", "1")}


def test_at_stands_for_the_area_codes() -> None:
    assert classes("@ N", codes="AB CD") == {("AC", "BD", "0123456789")}


def test_other_capitals_digits_and_scripts_stand_for_themselves() -> None:
    assert classes("S京1") == {("S", "京", "1")}


def test_the_number_of_texts_counts_words_whole() -> None:
    country, fmt = land("<AB,CD,AX>N")
    (shape,) = shapes(country, fmt)
    assert shape.texts == 30


@pytest.mark.parametrize(
    "pattern", ["", "L(", "L)", "()", "{2}", "L{x}", "L{3,1}", "L{99}", "[", "<", "l", "L?", "@", "N{12}L", "L{,}"]
)
def test_a_pattern_that_is_not_in_the_grammar_is_an_error_that_names_it(pattern: str) -> None:
    country, fmt = land(pattern)
    with pytest.raises(ConfigError, match="format"):
        shapes(country, fmt)


def test_a_sample_is_printed_with_gaps_and_rows() -> None:
    country, fmt = land("A-1/B 2")
    printed = sample(country, fmt, random.Random(1))
    assert printed == "A-1\nB 2"
    assert plain(printed) == "A1B2"


def test_samples_come_from_the_seed() -> None:
    country, fmt = land("L{1,3} N{1,4}")
    first = [sample(country, fmt, random.Random(7)) for _ in range(5)]
    assert first == [sample(country, fmt, random.Random(7)) for _ in range(5)]
