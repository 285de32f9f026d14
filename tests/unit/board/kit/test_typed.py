"""Typed: what people type or paste has one form, whatever blanks and invisible marks come with it."""

from __future__ import annotations

import unicodedata

import pytest

from board.kit.cells import read_cell, safe_cell
from board.kit.typed import folded, is_printable, typed


@pytest.mark.parametrize(
    ("pasted", "kept"),
    [
        ("  Anna  ", "Anna"),
        ("Müller\u00a0GmbH", "Müller GmbH"),
        ("Jean\u202fPaul\u3000B\tC", "Jean Paul B C"),
        ("\ufeffHaus\u00admeister\u200b", "Hausmeister"),
        ("\u200fأحمد\u200e", "أحمد"),
        ("first\r\nsecond\rthird\u2028fourth", "first\nsecond\nthird\nfourth"),
        (unicodedata.normalize("NFD", "Jürgen Šťastný"), "Jürgen Šťastný"),
        ("علی\u200cرضا", "علی\u200cرضا"),
        ("family \U0001f468\u200d\U0001f469\u200d\U0001f467", "family \U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("\u200d \u200c", ""),
    ],
)
def test_a_name_is_kept_as_it_is_seen(pasted: str, kept: str) -> None:
    assert typed(pasted) == kept == typed(kept)
    assert is_printable(kept.replace("\n", ""))


@pytest.mark.parametrize("text", ["a\0b", "a\x1bb", "half \ud83d"])
def test_controls_and_half_characters_stay_what_cannot_be_printed(text: str) -> None:
    assert not is_printable(typed(text))


def test_names_are_the_same_in_capitals_and_however_their_marks_are_written() -> None:
    assert folded(unicodedata.normalize("NFD", "GÄSTE ")) == folded("gäste")
    assert folded("gäste") != folded("gaste")


@pytest.mark.parametrize("text", ["＝1+1", "＋1", "－1", "＠SUM(A1)", "=1+1"])
def test_what_some_spreadsheet_takes_for_a_formula_is_text_and_comes_back(text: str) -> None:
    assert safe_cell(text) == f"'{text}" and read_cell(safe_cell(text)) == text
