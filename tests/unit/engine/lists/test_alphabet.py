"""Alphabet: what people type for a plate has the key of what the reader gives for it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.lists import normalise, unreadable
from engine.lists.alphabet import READABLE

MODELS = Path(__file__).resolve().parents[4] / "models"


@pytest.mark.parametrize("card", ["ocr.json", "ocr-rows.json"])
def test_the_alphabet_is_the_readers(card: str) -> None:
    assert set(json.loads((MODELS / card).read_text("utf-8"))["alphabet"]) - {""} == READABLE


def test_a_key_is_its_own_key_and_every_character_of_the_reader_has_one() -> None:
    keys = [normalise(each) for each in sorted(READABLE)]
    assert [normalise(key) for key in keys] == keys
    assert [len(key) for key in keys] == [1] * len(READABLE)
    assert [unreadable(each) for each in READABLE if unreadable(each)] == []


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("А123ВС 77", "A123BC77"),  # Cyrillic
        ("а 001 аа", "A001AA"),
        ("АА 1234 ВІ", "AA1234BI"),
        ("ΑΒ-1234 ΥΧ", "AB1234YX"),  # Greek
        ("MÜ-AB 123", "MUAB123"),
        ("mu\u0308 ab 123", "MUAB123"),
        ("ŁÓ 12Å Øđ ẞß", "LO12AODSSSS"),
        ("34 İıi 1", "34III1"),
        ("AB\u200b1\u00ad2\u200f3\ufeff4\ufe0f", "AB1234"),  # invisible
        ("A\u2212B\u2010C\u2015D\uff0dE\u2043F", "ABCDEF"),  # dashes
        ("A\u30fbB\uff65C\u22c5D\u3002E\u25cfF", "ABCDEF"),  # dots
        ("A\u3000B\u2003C\u00a0D", "ABCD"),  # spaces
        ("ＡＢ１２", "AB12"),
        ("١٢٣٤ أب", "1234ﺍب"),
        ("۱۲ ب ۳۴۵ ایران ۶۷", "١٢ب٣۴۵۶٧"),
        ("12 ب 345 - 67", "۱۲ب۳۴۵۶۷"),
        ("ط ب ج ٣٩٤٥", "٣٩٤٥جبط"),  # Egypt, as it is said
        ("ط ب ج *", "*جبط"),
        ("ط ب ج ٣٩??", "39??جبط"),
        ("ب345", "ب345"),  # part of an Iranian one
        ("١٢ب٣٤٥٦٧", "۱۲ب۳۴۵۶۷"),
        ("12 الف 345 67", "۱۲ا۳۴۵۶۷"),
        ("ي ه ك", "ىھک"),
        ("123 تونس 4567", "123T4567"),
        ("品川 500 さ 12-34", "500さ1234"),
        ("いわき 30A あ ・・12", "30Aあ12"),
        ("1กข 1234 เชียงใหม่", "1กข1234"),
        ("粵B·12345", "粤B12345"),
        ("\u1107\u116e\u1109\u1161\u11ab02\u1100\u116112", "부산02가12"),  # Hangul taken apart
        ("ABC_1", "ABC_1"),
    ],
)
def test_what_is_typed_has_the_key_of_what_is_read(typed: str, read: str) -> None:
    assert normalise(typed) == normalise(read)


@pytest.mark.parametrize(("typed", "never_read"), [("Д 123 ЖД", "ДЖ"), ("AB 12", ""), ("ΓΔ1", "ΓΔ"), ("山A1", "山"), ("MÜ 1", "")])
def test_what_the_reader_never_gives_is_named(typed: str, never_read: str) -> None:
    assert unreadable(typed) == never_read
