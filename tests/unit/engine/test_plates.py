"""Plates: one plate is set in the list that is meant, by its number or its name, or in none."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from board.kit.errors import ConfigError
from board.kit.settings import check
from engine.plates import EntryForm, NoSuchPlate, NotPossible, put, take_out
from engine.types import PlateList
from tests.samples import BLACK, WHITE, new_store

UTC = ZoneInfo("UTC")


def test_a_name_that_is_another_lists_number_is_refused(tmp_path: Path) -> None:
    """Floors are called 1, 2, 3: the plate of a tenant went to the list that had the number, such as the blacklist."""
    store = new_store(tmp_path)
    floor = store.lists.save(PlateList(0, str(BLACK), "custom"), "anna")
    for act in (lambda which: put(store, which, "AB 1", {}, UTC, "mqtt"), lambda which: take_out(store, which, "AB 1", "mqtt")):
        with pytest.raises(NotPossible, match=f"{BLACK} is the number of the list BLACKLIST and the name of another"):
            act(str(BLACK))
    assert put(store, str(floor.id), "AB 1", {}, UTC, "mqtt")[0].list_id == floor.id
    assert put(store, "blacklist", "AB 2", {}, UTC, "mqtt")[0].list_id == BLACK


def test_a_list_whose_name_is_its_own_number_is_that_list(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.lists.save(PlateList(WHITE, str(WHITE), "white"), "anna")
    assert put(store, str(WHITE), "AB 1", {}, UTC, "mqtt")[0].list_id == WHITE
    with pytest.raises(NoSuchPlate, match="there is no list 99"):
        put(store, "99", "AB 1", {}, UTC, "mqtt")


def test_a_character_that_no_plate_has_is_named_and_a_plate_of_none_is_told_what_one_is() -> None:
    for plate, wrong in (("AB 12_3", "'_'"), ("ab/12", "'/'"), ("A?*+", "'+'")):
        with pytest.raises(ConfigError, match=re.escape(f"{wrong} is neither a letter nor a digit")):
            check(EntryForm, {"plate": plate})
    for plate in ("?", "-.", "*?*"):
        with pytest.raises(ConfigError, match="must be letters and digits"):
            check(EntryForm, {"plate": plate})
