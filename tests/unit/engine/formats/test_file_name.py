"""File name: what fills a template makes a name that every file system takes, in any script."""

from __future__ import annotations

import unicodedata

import pytest

from engine.formats.file_name import path_with

LONG = {"plate": "AB123", "list": "東" * 60, "description": "京" * 60, "device": "ก" * 60, "time": "12-30-59"}


def test_long_values_of_other_scripts_make_a_name_that_fits_and_still_says_when() -> None:
    folders, name = path_with("{device}/{list}_{description}_{device}_{plate}_{time}", LONG)
    assert name.endswith("_AB123_12-30-59")
    assert all(0 < len(each.encode()) <= 240 for each in (*folders, name))


def test_a_template_that_is_too_long_by_itself_is_cut_at_a_whole_character() -> None:
    assert path_with("ü" * 200, {})[1] == "ü" * 115


def test_letters_keep_their_marks_however_they_were_typed() -> None:
    values = {"list": unicodedata.normalize("NFD", "Gäste"), "description": "ที่จอดรถ"}
    assert path_with("{list}_{description}", values)[1] == "Gäste_ที่จอดรถ"


@pytest.mark.parametrize("value", ["..", ".", "../../etc", "a/b", "a\\b", "a:b", "a\nb", "a\0b", " ", "{plate}", "%2e%2e"])
def test_no_value_leads_out_of_its_folder_or_hides(value: str) -> None:
    folders, name = path_with("{list}/{list}", {"list": value, "plate": "NO"})
    for each in (*folders, name):
        assert each and not each.startswith(".") and not set(each) & set('/\\:\n\0{}%"')
