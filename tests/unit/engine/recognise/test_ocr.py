"""From slot probabilities to characters and countries, cards that do not fit, and the height of characters in a picture."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from board.kit.errors import ModelError
from engine.recognise.interpreter import Network
from engine.recognise.ocr import Ocr, char_height, left_out
from engine.recognise.pipeline import MODELS

LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
WORLD = ("", *LATIN, *"皖京警", *"٠١٢٣٥٧", *"أبنم", *"가나하", *"กขค", *"あいう")
SLOTS = 12


class Written:
    """A network that is only its card: one OCR output, and a country head when the card names countries."""

    path = Path("models/ocr.tflite")
    input_shape = (64, 128)

    def __init__(self, alphabet: tuple[str, ...] = WORLD, shapes: dict[str, list[int]] | None = None, **card: Any) -> None:
        self.shapes = shapes or {"country": [1, len(card.get("countries", ()))], "slots": [1, SLOTS, len(alphabet)]}
        self.card = {"alphabet": list(alphabet), "outputs": [{"name": name} for name in self.shapes], **card}

    def output(self, name: str) -> int:
        if name not in self.shapes:
            raise ModelError(f"its card names no output {name!r}")
        return list(self.shapes).index(name)

    def output_shape(self, index: int) -> list[int]:
        return list(self.shapes.values())[index]


def reader(*codes: str, **card: Any) -> Ocr:
    return Ocr(cast(Network, Written(**{"countries": ["DE", "FR", "EG"], **card})), codes)


@pytest.fixture(scope="module")
def ocr() -> Ocr:
    return Ocr(Network(MODELS / "ocr.tflite", "ocr"))


def slots_of(ocr: Ocr, *slots: dict[str, float]) -> np.ndarray:
    table = np.zeros((SLOTS, len(ocr.alphabet)), np.float32)
    table[:, 0] = 1.0
    for row, slot in zip(table, slots, strict=False):
        row[0] = slot.get("", 0.0)
        for symbol, score in slot.items():
            row[ocr.alphabet.index(symbol)] = score
    return table


def text_slots(ocr: Ocr, text: str) -> np.ndarray:
    return slots_of(ocr, *({symbol: 0.9} for symbol in text))


def test_empty_slots_are_left_out_and_alternatives_are_kept_best_first(ocr: Ocr) -> None:
    read = ocr.decode(slots_of(ocr, {"A": 0.9, "4": 0.08}, {"": 0.8, "I": 0.2}, {"0": 0.5, "O": 0.45, "Q": 0.01}))
    assert read.text == "A0"
    assert read.slots[0].symbols == ("A", "4")
    assert read.slots[1].symbols == ("0", "O")
    assert read.slots[1].scores == pytest.approx((0.5, 0.45))
    assert [char.confidence for char in read.chars] == pytest.approx([0.9, 0.5])
    assert read.empty_confidence == pytest.approx(0.8)


def test_a_slot_says_how_probable_it_is_that_nothing_stands_there(ocr: Ocr) -> None:
    read = ocr.decode(slots_of(ocr, {"A": 0.9}, {"1": 0.6, "": 0.38}))
    assert [slot.empty for slot in read.slots] == pytest.approx([0.0, 0.38])
    assert read.slots[1].symbols == ("1",)


def test_every_empty_slot_puts_the_read_in_doubt(ocr: Ocr) -> None:
    read = ocr.decode(slots_of(ocr, {"A": 0.9}, {"": 0.8, "I": 0.2}, {"": 0.5, "1": 0.4}))
    assert read.empty_confidence == pytest.approx(0.4)


def test_a_picture_of_nothing_reads_as_nothing(ocr: Ocr) -> None:
    read = ocr.decode(slots_of(ocr))
    assert (read.text, read.chars, read.slots) == ("", (), ())


def test_probabilities_never_exceed_one(ocr: Ocr) -> None:
    assert ocr.decode(slots_of(ocr, {"A": 1.004})).chars[0].confidence == 1.0


def test_a_model_without_a_country_head_knows_no_country() -> None:
    ocr = Ocr(cast(Network, Written(shapes={"slots": [1, SLOTS, len(WORLD)]})))
    assert ocr.countries == ()
    assert ocr.decode(text_slots(ocr, "AB123")).head == {}


def test_a_card_that_names_countries_without_such_an_output_is_refused() -> None:
    with pytest.raises(ModelError, match="its card names no output 'country'"):
        reader(shapes={"slots": [1, SLOTS, len(WORLD)]})


def test_the_country_heads_logits_become_probabilities_and_the_improbable_are_left_out() -> None:
    ocr = reader()
    read = ocr.decode(text_slots(ocr, "AB123CD"), np.array([3.0, 1.0, -9.0], np.float32))
    share = math.exp(3) / (math.exp(3) + math.exp(1) + math.exp(-9))
    assert read.head == pytest.approx({"DE": share, "FR": share * math.exp(-2)}, rel=1e-5)


def test_huge_logits_are_taken_without_overflow() -> None:
    ocr = reader()
    assert ocr.decode(text_slots(ocr, "AB"), np.array([900.0, -900.0, 0.0], np.float32)).head == {"DE": 1.0}


@pytest.mark.parametrize("text", ["皖A12345", "٣٥٧نمب", "123가1235", "1กข1235", "あ1234", "京A1234警"])
def test_mixes_that_some_format_holds_are_read_as_they_are_by_the_whole_world(text: str) -> None:
    ocr = reader()
    assert ocr.decode(text_slots(ocr, text)).text == text


def test_one_symbol_of_a_script_that_nobody_mixes_gives_way_to_what_the_pixels_allow_too() -> None:
    ocr = reader()
    read = ocr.decode(slots_of(ocr, {"A": 0.9}, {"B": 0.9}, {"٥": 0.5, "0": 0.3, "O": 0.15}, {"7": 0.9}))
    assert read.text == "AB07"
    assert read.chars[2].confidence == pytest.approx(0.8)
    assert read.slots[2].symbols == ("0", "O")


def test_of_two_mixes_the_one_that_the_pixels_find_more_probable_is_taken() -> None:
    ocr = reader()
    read = ocr.decode(slots_of(ocr, {"٣": 0.9}, {"0": 0.5, "٥": 0.4}, {"٧": 0.6, "V": 0.3}, {"ن": 0.9}))
    assert read.text == "٣٥٧ن"


def test_scripts_that_nobody_mixes_stay_where_the_pixels_exclude_every_other() -> None:
    ocr = reader()
    assert ocr.decode(text_slots(ocr, "AB٥7")).text == "AB٥7"


def test_a_script_that_no_chosen_country_writes_is_not_read() -> None:
    ocr = reader("DE", "FR")
    read = ocr.decode(slots_of(ocr, {"B": 0.9}, {"٧": 0.55, "V": 0.4}, {"1": 0.6, "١": 0.35}))
    assert read.text == "BV1"
    assert [char.confidence for char in read.chars] == pytest.approx([0.9, 0.95, 0.95])


def test_a_plate_in_a_script_that_nobody_chose_gives_nothing_that_is_sure() -> None:
    ocr = reader("DE")
    read = ocr.decode(slots_of(ocr, *({symbol: 0.93, "V": 0.05, "": 0.02} for symbol in "٣٥٧")))
    assert all(char.confidence < 0.1 for char in read.chars)


def test_a_chosen_country_brings_its_script_and_latin_plates_are_read_all_the_same() -> None:
    ocr = reader("EG")
    assert ocr.decode(text_slots(ocr, "٣٥٧نم")).text == "٣٥٧نم"
    assert ocr.decode(text_slots(ocr, "BAB123")).text == "BAB123"
    assert ocr.decode(slots_of(ocr, {"가": 0.6, "A": 0.3}, {"1": 0.9})).text == "A1"


DOUBTFUL = ({"1": 0.7, "١": 0.28}, {"2": 0.6, "٢": 0.35}, {"B": 0.55, "ب": 0.4}, {"3": 0.8, "٣": 0.15})
"""Each symbol may be of either script."""


def test_where_each_chosen_country_has_a_script_of_its_own_that_is_preferred() -> None:
    assert reader("EG").decode(slots_of(reader("EG"), *DOUBTFUL)).text == "١٢ب٣"
    # a country beside it that writes Latin alone, or none chosen: the more probable
    assert reader("EG", "DE").decode(slots_of(reader("EG"), *DOUBTFUL)).text == "12B3"
    assert reader().decode(slots_of(reader(), *DOUBTFUL)).text == "12B3"
    # what the pixels exclude is not invented: one symbol that is surely Latin
    sure = (*DOUBTFUL[:3], {"7": 0.95})
    assert reader("EG").decode(slots_of(reader("EG"), *sure)).text == "12B7"


def test_the_cards_calibration_is_used() -> None:
    assert reader().calibration(0.6) == pytest.approx(0.6)
    assert reader(calibration={"raw": [0.2, 0.6, 1.0], "right": [0.1, 0.9, 0.98]}).calibration(0.4) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("alphabet", "wrong"),
    [
        (("A", "B"), "no alphabet that starts with the empty slot"),
        (("", "A", "BC"), "holds 'BC': each symbol must be one character"),
        (("", "A", ""), "holds '': each symbol"),
        (("", "A", "B", "A"), "holds 'A': each symbol must be one character, and stand once"),
        (("", "é\u0301"), "each symbol must be one character"),
    ],
)
def test_an_alphabet_that_is_none_is_refused(alphabet: tuple[str, ...], wrong: str) -> None:
    with pytest.raises(ModelError, match=f"ocr.tflite.*{wrong}"):
        reader(alphabet=alphabet)


@pytest.mark.parametrize(
    ("card", "wrong"),
    [
        ({"countries": "DE"}, "list of codes of two capital letters"),
        ({"countries": ["DE", "Germany", "FR"]}, "list of codes of two capital letters"),
        ({"countries": [1, 2, 3]}, "list of codes of two capital letters"),
        ({"countries": None}, "list of codes of two capital letters"),
        ({"countries": ["DE", "DE", "FR"]}, "name one twice"),
        ({"countries": ["DE", "FR"]}, r"output country is \[1, 3\], but its card names 2 countries"),
    ],
)
def test_countries_that_do_not_fit_the_head_are_refused(card: dict[str, Any], wrong: str) -> None:
    shapes = {"slots": [1, SLOTS, len(WORLD)], "country": [1, 3]}
    with pytest.raises(ModelError, match=wrong):
        reader(**{"shapes": shapes, **card})


def test_an_alphabet_of_another_length_than_the_output_is_refused() -> None:
    with pytest.raises(ModelError, match=r"gives \[1, 12, 9\], but this engine needs"):
        reader(shapes={"slots": [1, SLOTS, 9], "country": [1, 3]})


def along_rows(rows: object = 2, steps: int = 8) -> Ocr:
    return reader(rows=rows, shapes={"steps": [1, steps, len(WORLD)], "country": [1, 3]})


def test_a_network_that_goes_along_two_rows_is_read_by_its_card() -> None:
    ocr = along_rows()
    steps = np.zeros((8, len(WORLD)), np.float32)
    steps[:, 0] = 1.0
    for at, symbol, share in ((0, "B", 0.9), (1, "B", 0.8), (3, "7", 0.9), (4, "7", 0.95), (6, "C", 0.7), (7, "C", 0.3)):
        steps[at] = 0
        steps[at, [0, WORLD.index(symbol)]] = 1 - share, share
    steps[2, [0, WORLD.index("1")]] = 0.8, 0.2
    read = ocr.decode(steps, np.array([3.0, 1.0, -9.0], np.float32))
    assert read.text == "B77C"
    assert [char.confidence for char in read.chars] == pytest.approx([0.9, 0.9, 0.95, 0.7])
    assert read.slots[3].empty == pytest.approx(0.3)
    assert read.empty_confidence == pytest.approx(0.8)
    assert list(read.head) == ["DE", "FR"]


@pytest.mark.parametrize(
    "rows, steps, wrong",
    [
        ("two", 8, "must be a whole number"),
        (True, 8, "must be a whole number"),
        (-1, 8, "must be a whole number"),
        (3, 8, "3 rows of one length"),
    ],
    ids=["word", "yes", "negative", "uneven"],
)
def test_rows_that_do_not_fit_the_steps_are_refused(rows: object, steps: int, wrong: str) -> None:
    with pytest.raises(ModelError, match=wrong):
        along_rows(rows, steps)


def test_the_height_of_upright_strokes_is_measured() -> None:
    picture = np.full((64, 128), 230, np.uint8)
    picture[16:48, 10:118:8] = 20
    picture[16:48, 11:118:8] = 20
    assert char_height(picture) == pytest.approx(0.5, abs=0.05)


def test_of_two_rows_the_taller_counts() -> None:
    picture = np.full((64, 128), 230, np.uint8)
    for top, bottom in ((6, 18), (28, 58)):
        picture[top:bottom, 10:118:8] = 20
    assert char_height(picture) == pytest.approx(30 / 64, abs=0.05)


def test_a_flat_picture_has_no_characters() -> None:
    assert char_height(np.full((64, 128), 90, np.uint8)) == 0.0


@pytest.mark.parametrize(
    ("training", "countries"),
    [
        ({"stages": [{"left_out": ["BR", "VN"]}, {"left_out": ["VN", "BR"]}]}, {"BR", "VN"}),
        ({"stages": [{"left_out": ["BR"]}, {"stage": "settle"}]}, set()),
        ({"stages": {"main": {"left_out": ["BR"]}}}, set()),
        ({"stages": []}, set()),
        (None, set()),
    ],
)
def test_a_card_names_the_countries_that_every_stage_went_without(training: object, countries: set[str]) -> None:
    assert left_out({"training": training}) == countries
