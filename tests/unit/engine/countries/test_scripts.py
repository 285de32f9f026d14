"""Scripts: the digits of a text in Arabic script are all Persian or all Arabic-Indic ones."""

from __future__ import annotations

import random

import pytest

from engine.countries import UNTESTED, countries, country, plain, sample, script, shapes, symbols, to_script, to_shapes


@pytest.mark.parametrize(
    ("read", "written"),
    [
        ("١٢ب٣۴۵۶٧", "۱۲ب۳۴۵۶۷"),  # Persian four, five and six
        ("١٢گ٣٣٣٧٧", "۱۲گ۳۳۳۷۷"),  # a letter that only Persian has
        ("١٢ھ٣٣٣٧٧", "۱۲ه۳۳۳۷۷"),  # Iran's layout
        ("١٢٣٤سصط", "١٢٣٤سصط"),  # Egypt
        ("٧س", "٧س"),
        ("12345أ6", "12345أ6"),
        ("ABC123", "ABC123"),
        ("", ""),
    ],
)
def test_a_text_with_a_persian_shape_or_irans_layout_gets_persian_digits(read: str, written: str) -> None:
    assert to_script(read) == written


def test_a_text_said_to_be_iranian_gets_persian_digits_whatever_it_holds() -> None:
    assert to_script("١٢٣", "IR") == "۱۲۳"


def test_every_sample_of_iran_is_written_in_persian_and_comes_back_to_the_readers_shapes() -> None:
    iran, rng = country("IR"), random.Random(3)
    for fmt in iran.formats:
        shapes = plain(sample(iran, fmt, rng))
        written = to_script(shapes)
        assert not set(written) & set("٠١٢٣٤٥٦٧٨٩ھى")
        assert to_shapes(written) == shapes


def test_the_symbols_of_all_formats_are_the_readers_shapes_and_few_enough_for_one_alphabet() -> None:
    found = symbols()
    assert {to_shapes(symbol) for symbol in found} == found
    assert len(found) <= 260
    assert set("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ٠١٢٣٤٥٦٧٨٩۴۵۶京警领가ขあ") <= found


def test_untested_are_the_countries_of_scripts_without_photographs() -> None:
    """Photographs show Latin letters, Chinese provinces and, of Egypt, Tunisia and Iran, Arabic ones."""
    shown = {"LATIN", "DIGIT", "CJK", "ARABIC", "INDIC"}
    others = {
        code
        for code, each in countries().items()
        if any(
            script(s) not in shown for fmt in each.formats for shape in shapes(each, fmt) for some in shape.classes for s in some
        )
    }
    assert others == UNTESTED
