"""Every country description: valid codes and regions, formats that take their own samples, plain layout facts."""

from __future__ import annotations

import random
import re

import pytest

from engine.countries import PLATE_COLOURS, PLATE_KINDS, Country, countries, plain, rank, sample, select, shapes
from engine.countries._description import LATIN, PLATE_FONTS, REGIONS, SEPARATOR_MARKS, SEPARATORS
from engine.countries._ranking import Grammar

KNOWN = [pytest.param(each, id=each.code) for each in countries().values()]


@pytest.mark.parametrize("each", KNOWN)
def test_code_region_letters_and_size_are_valid(each: Country) -> None:
    assert re.fullmatch(r"[A-Z]{2}(-[A-Z]{2,3})?", each.code)
    assert each.region in REGIONS
    assert each.name.strip() == each.name != ""
    assert len(set(each.letters)) == len(each.letters) and set(each.letters) <= set(LATIN)
    assert bool(each.formats) != bool(each.states)
    assert 1 <= each.size_mm[0] / each.size_mm[1] <= 6
    assert all(state.code.startswith(f"{each.code}-") and state.region == each.region for state in each.states)


@pytest.mark.parametrize("each", KNOWN)
def test_every_format_takes_its_own_samples_and_weighs_between_0_and_1(each: Country) -> None:
    rng = random.Random(each.code)
    for fmt in each.formats:
        assert 0 < fmt.weight <= 1
        ways = shapes(each, fmt)
        lengths = {len(shape.classes) for shape in ways}
        only = Grammar([Country(each.code, each.name, each.region, (fmt,), each.letters, each.codes)])
        for _ in range(20):
            printed = sample(each, fmt, rng)
            text = plain(printed)
            assert not set(text) & set(SEPARATORS + "\n")
            assert printed.count("\n") == fmt.pattern.count("/")
            assert len(text) in lengths
            assert only.fits(text), f"{fmt.pattern} gave {text} and does not take it"


@pytest.mark.parametrize("each", KNOWN)
def test_letters_a_country_does_not_use_stand_in_no_sample_of_a_plain_format(each: Country) -> None:
    rng = random.Random(1)
    for fmt in each.formats:
        if set(fmt.pattern) <= set("LN(){},123456 -./"):
            for _ in range(20):
                letters = {char for char in plain(sample(each, fmt, rng)) if char.isalpha()}
                assert letters <= set(each.letters)


@pytest.mark.parametrize("each", KNOWN)
def test_a_sample_of_a_chosen_country_stays_and_names_the_country(each: Country) -> None:
    rng = random.Random(2)
    for described in select([each.code]):
        usual = max(described.formats, key=lambda fmt: fmt.weight)
        text = plain(sample(described, usual, rng))
        ranked = rank((), text, [each.code])
        assert (ranked.text, ranked.country) == (text, each.code[:2])


@pytest.mark.parametrize("each", KNOWN)
def test_every_usual_format_is_as_common_as_can_be_said(each: Country) -> None:
    described = select([each.code])
    assert all(max(fmt.weight for fmt in one.formats) >= 0.5 for one in described)


@pytest.mark.parametrize("each", KNOWN)
def test_every_style_names_known_colours_kinds_and_formats(each: Country) -> None:
    assert each.styles
    for style in each.styles:
        assert {style.ground, style.ink} <= set(PLATE_COLOURS) and style.ground != style.ink
        assert {style.band_colour, style.right_colour, style.header_ground} <= {"", *PLATE_COLOURS}
        assert style.kind in ("", *PLATE_KINDS)
        assert style.weight > 0
        assert style.font in PLATE_FONTS and style.separator in SEPARATOR_MARKS
        assert all(0 <= index < len(each.formats) for index in style.formats)
        assert style.right_band or not style.right_colour
        assert not style.right_band or style.right_colour or style.band_colour
        assert style.header or not (style.header_ground or style.header_beside)
        assert all(choice.strip() == choice != "" for text in (style.header, style.footer) if text for choice in text.split("|"))


@pytest.mark.parametrize("each", KNOWN)
def test_every_format_comes_in_some_look(each: Country) -> None:
    for index in range(len(each.formats)):
        assert any(not style.formats or index in style.formats for style in each.styles), each.formats[index].pattern


def test_there_are_more_than_sixty_countries_and_all_states_of_the_usa() -> None:
    known = countries()
    assert sum("-" not in code for code in known) >= 60
    assert sum(code.startswith("US-") for code in known) == 51
    assert len({each.name for each in known.values() if "-" not in each.code}) == sum("-" not in code for code in known)
