"""Plain: every message of ours survives the way through JSON, and a wrong value is named by its place."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pytest

from board.kit.plain import Unfit, from_plain, to_plain
from board.kit.words import NOTHING, Text
from board.types import WiegandCode
from engine.messages import EngineStatus, LiveReads, PassageEvent
from engine.types import CharRead, ListEntry, Match, PlateList, PlateRead, WiegandFrame
from tests.samples import NOW, entry, passage

STATUS = EngineStatus("MOTION", 1, 10.0, 50.0, 30.0, NOTHING, NOTHING, None, (1280, 960))


@dataclass(frozen=True)
class Note:
    note: Text


@dataclass(frozen=True)
class Odd:
    value: set[int]


def through_json(value: object) -> object:
    return from_plain(type(value), json.loads(json.dumps(to_plain(value))))


@pytest.mark.parametrize(
    "value",
    [
        STATUS,
        PassageEvent(3, passage("Ä O0Ω"), (Match(PlateList(4, "WHITELIST", "white"), entry("HK55EVB"), 1),), ()),
        PassageEvent(3, passage(""), (Match(PlateList(1, "ALL", "all"), None),), ()),
        replace(STATUS, settings={"lpr": "3f", "camera": ""}),
        LiveReads(7, (PlateRead("AB", (CharRead("A", 0.5), CharRead("B", 1.0)), 91.5, "SK", (1, 2, 3, 4), 20.0),)),
        WiegandFrame("W1", WiegandCode(2**60, 64), NOW, True),
        ListEntry(0, 4, "A", "", datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)),
    ],
)
def test_a_message_is_the_same_after_json(value: object) -> None:
    assert through_json(value) == value


def test_a_text_keeps_its_key_and_values() -> None:
    note = Note(Text("{host} answers {status}", {"host": "gate", "status": Text("late")}))
    assert str(from_plain(Note, json.loads(json.dumps({"note": to_plain(note.note)}))).note) == "gate answers late"
    assert from_plain(Note, {"note": "as it is"}).note == Text("as it is")
    with pytest.raises(Unfit, match=r"^note: must be a text"):
        from_plain(Note, {"note": 7})


def test_numbers_of_numpy_are_written_as_numbers() -> None:
    read = PlateRead("A", (CharRead("A", np.float32(0.5)),), np.float64(90), "", tuple(np.arange(4)), np.float32(2))  # type: ignore[arg-type]
    assert json.loads(json.dumps(to_plain(read)))["box"] == [0, 1, 2, 3]


def test_what_is_not_known_is_left_out_and_what_is_missing_has_its_default() -> None:
    plain = to_plain(STATUS)
    del plain["preset"], plain["frames_lost"]
    assert from_plain(EngineStatus, {**plain, "of_a_later_release": [1]}) == STATUS


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"mode": 7}, "mode: must be str, not int"),
        ({"frames_processed": "7"}, "frames_processed: must be int, not str"),
        ({"frames_processed": True}, "frames_processed: must be int, not bool"),
        ({"frames_processed": 7.0}, "frames_processed: must be int, not float"),
        ({"read_ms": "1"}, "read_ms: must be a number, not str"),
        ({"read_ms": None}, "read_ms: must be a number, not NoneType"),
        ({"size": [1]}, "size: must hold 2 values, not 1"),
        ({"size": [1, "2"]}, "size.1: must be int, not str"),
        ({"size": "12"}, "size: must be a list, not str"),
        ({"error_at": "yesterday"}, "error_at: must be a time in ISO 8601"),
        ({"error_at": 7}, "error_at: must be a time in ISO 8601"),
        ({"camera_notes": [None]}, "camera_notes.0: must be a text: a key with its values"),
        ({"settings": {"lpr": 7}}, "settings.lpr: must be str, not int"),
        ({"settings": []}, "settings: must be an object, not list"),
    ],
)
def test_a_wrong_value_is_named_by_its_place(change: dict[str, object], why: str) -> None:
    with pytest.raises(Unfit) as refused:
        from_plain(EngineStatus, {**to_plain(STATUS), **change})
    assert str(refused.value) == why


def test_what_is_no_object_or_lacks_a_value_is_refused() -> None:
    values: tuple[object, ...] = ([], None, "x", 7)
    for value in values:
        with pytest.raises(Unfit, match="must be an object"):
            from_plain(EngineStatus, value)
    with pytest.raises(Unfit, match=r"^frame_seq: is missing$"):
        from_plain(LiveReads, {"reads": []})


def test_a_type_without_a_plain_form_is_a_mistake_of_ours() -> None:
    with pytest.raises(TypeError, match="has no plain form"):
        to_plain(Odd({1}))
    with pytest.raises(TypeError, match="has no plain form"):
        from_plain(Odd, {"value": []})
