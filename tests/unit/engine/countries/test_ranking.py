"""Ranking: what the formats of the chosen countries may and may not change in a read."""

from __future__ import annotations

import math

import pytest

from engine.countries import rank, regions
from engine.types import CharRead, SlotScores


def slots(*seen: str) -> tuple[SlotScores, ...]:
    """Slots from texts such as "O60 038": symbol and per cent, best first."""
    return tuple(
        SlotScores(tuple(one[0] for one in slot.split()), tuple(int(one[1:]) / 100 for one in slot.split())) for slot in seen
    )


def certain(text: str) -> tuple[SlotScores, ...]:
    return tuple(SlotScores((char,), (0.9,)) for char in text)


def with_slot(text: str, at: int, seen: str) -> tuple[SlotScores, ...]:
    return (*certain(text[:at]), *slots(seen), *certain(text[at + 1 :]))


def test_a_text_that_fits_a_chosen_country_stays_as_read() -> None:
    ranked = rank(certain("ABC1234"), "ABC1234", ["BR"])
    assert (ranked.text, ranked.country, ranked.region) == ("ABC1234", "BR", "")
    assert ranked.chars == tuple(CharRead(char, 0.9) for char in "ABC1234")


def test_o_becomes_zero_where_only_digits_stand_even_if_the_reader_never_named_zero() -> None:
    ranked = rank(certain("ABC12O4"), "ABC12O4", ["BR"])
    assert ranked.text == "ABC1204"
    assert ranked.chars[5] == CharRead("0", 0.9)


def test_a_settled_twin_gets_what_the_pixels_gave_both_and_never_more_than_one() -> None:
    assert rank(with_slot("ABC12O4", 5, "O55 043"), "ABC12O4", ["BR"]).chars[5].confidence == pytest.approx(0.98)
    assert rank(with_slot("ABC12O4", 5, "O70 070"), "ABC12O4", ["BR"]).chars[5].confidence == 1.0


def test_a_twin_that_the_format_confirms_gets_both_probabilities_too() -> None:
    ranked = rank(with_slot("ABC1204", 5, "055 O43"), "ABC1204", ["BR"])
    assert ranked.text == "ABC1204"
    assert ranked.chars[5].confidence == pytest.approx(0.98)


def test_a_twin_that_both_formats_of_the_country_allow_is_left_with_its_own_probability() -> None:
    ranked = rank(with_slot("ABC1O23", 4, "O55 043"), "ABC1O23", ["BR"])
    assert ranked.text == "ABC1O23"
    assert ranked.chars[4].confidence == pytest.approx(0.55)


@pytest.mark.parametrize(("read", "other"), [("8", "B"), ("5", "S"), ("2", "Z"), ("6", "G"), ("0", "D"), ("0", "Q")])
def test_a_look_alike_that_the_pixels_allow_is_taken_where_the_format_wants_it(read: str, other: str) -> None:
    ranked = rank(with_slot(f"A{read}C1234", 1, f"{read}60 {other}30"), f"A{read}C1234", ["BR"])
    expected = "O" if read == "0" else other  # O, the twin of what was read, is as good as 0 itself
    assert ranked.text == f"A{expected}C1234"
    if expected == other:
        assert ranked.chars[1].confidence == pytest.approx(0.9)


def test_a_look_alike_that_the_pixels_exclude_is_never_invented() -> None:
    ranked = rank(certain("A8C1234"), "A8C1234", ["BR"])
    assert (ranked.text, ranked.country) == ("A8C1234", "")
    assert rank(with_slot("A8C1234", 1, "890 B05"), "A8C1234", ["BR"]).text == "A8C1234"


def test_changes_that_are_too_improbable_together_are_not_made() -> None:
    seen = (*slots("480 A12", "880 B12"), *certain("C1234"))
    assert rank(seen, "48C1234", ["BR"]).text == "48C1234"


def test_an_alternative_that_looks_different_keeps_its_own_probability() -> None:
    ranked = rank(with_slot("A7C1234", 1, "755 M40"), "A7C1234", ["BR"])
    assert (ranked.text, ranked.chars[1]) == ("AMC1234", CharRead("M", 0.4))


def test_of_two_alternatives_the_more_probable_is_taken() -> None:
    assert rank(with_slot("A8C1234", 1, "850 E15 B30"), "A8C1234", ["BR"]).text == "ABC1234"


def test_a_text_that_fits_no_format_stays_without_a_country() -> None:
    ranked = rank(certain("HELLO"), "HELLO", ["BR", "AR"])
    assert (ranked.text, ranked.country) == ("HELLO", "")


def test_area_codes_settle_a_letter_by_the_whole_code() -> None:
    assert rank(with_slot("BT12CDE", 1, "T90"), "BT12CDE", ["RO"]).text == "BT12CDE"
    assert rank(with_slot("BX12CDE", 1, "X50 Z40"), "BX12CDE", ["RO"]).text == "BZ12CDE"
    assert rank(with_slot("BX12CDE", 1, "X50 K40"), "BX12CDE", ["RO"]).text == "BX12CDE"


def test_without_slots_only_twins_are_settled_from_the_text_alone() -> None:
    ranked = rank((), "ABCI2O4", ["BR"])
    assert (ranked.text, ranked.country, ranked.chars) == ("ABC1204", "BR", ())
    assert rank((), "A8C1234", ["BR"]).text == "A8C1234"


def test_slots_that_do_not_match_the_text_are_not_used() -> None:
    ranked = rank(slots("B90"), "ABC12O4", ["BR"])
    assert (ranked.text, ranked.chars) == ("ABC1204", ())


def test_with_no_country_chosen_nothing_but_twins_is_touched_and_only_when_all_formats_agree() -> None:
    assert rank(with_slot("A8C1234", 1, "855 B44"), "A8C1234", []).text == "A8C1234"
    assert rank((), "ABC1O23", []).text == "ABC1O23"
    assert rank((), "SO1ABO23", []).text == "SO1ABO23"


def test_with_no_country_chosen_a_text_that_one_country_only_has_names_it() -> None:
    ranked = rank((), "皖A12345", [])
    assert (ranked.text, ranked.country) == ("皖A12345", "CN")
    assert rank((), "ABC123", []).country == ""


def test_with_no_country_chosen_twins_are_settled_when_every_fitting_format_says_the_same() -> None:
    assert rank((), "PO123O", []).text == "PO123O"
    assert rank((), "皖AI234O", []).text == "皖A12340"


def test_the_country_is_named_when_its_formats_make_the_text_much_more_likely() -> None:
    assert rank((), "SGA1234B", ["MY", "SG"]).country == "SG"
    assert rank((), "WXY1234", ["MY", "SG"]).country == "MY"


def test_no_country_is_named_when_several_have_the_same_format() -> None:
    assert rank((), "FG123AB", ["IT", "FR", "SK"]).country == ""


def test_a_state_is_named_with_its_country() -> None:
    ranked = rank((), "ABC1234", ["US-TX", "US-OK", "US-LA"])
    assert (ranked.country, ranked.region) == ("US", "TX")


def test_a_format_that_states_share_names_the_country_without_a_state() -> None:
    ranked = rank((), "123ABC", ["US-OK", "US-LA"])
    assert (ranked.country, ranked.region) == ("US", "")


def test_a_country_with_states_stands_for_all_of_them() -> None:
    ranked = rank((), "AB1C2D", ["US"])
    assert (ranked.country, ranked.region) == ("US", "MO")


def test_a_rare_format_gives_way_to_a_common_one_that_the_twin_fits() -> None:
    assert rank((), "ABC12I", ["US-AL"]).text == "ABC12I"
    ranked = rank((), "ABC12I", ["US-AL", "US-AK"])
    assert (ranked.text, ranked.region) == ("ABC121", "AK")


@pytest.mark.parametrize(("empty", "text"), [(0.0, "ABC1234S"), (0.39, "ABC1234S"), (0.45, "ABC1234")])
def test_a_real_end_character_is_never_dropped_because_the_rest_fits_a_format(empty: float, text: str) -> None:
    seen = (*certain("ABC1234"), SlotScores(("S",), (1.0 - empty,), empty))
    assert rank(seen, "ABC1234S", ["BR"]).text == text


def test_a_code_that_is_not_known_counts_as_not_chosen() -> None:
    assert rank((), "ABC12O4", ["BR", "ZZ"]).text == "ABC1204"
    assert rank((), "ABC12O4", ["ZZ"]) == rank((), "ABC12O4", [])


@pytest.mark.parametrize("text", ["", "A" * 5000, "<script>", "0" * 16, "\x00", "Ж1", "'; DROP TABLE"])
def test_any_text_is_taken_without_error_and_unchanged(text: str) -> None:
    assert rank((), text, ["DE", "US"]).text in (text, "O" * 16)
    assert rank((), text, []).text == text


def test_broken_scores_are_taken_for_zero_and_one() -> None:
    seen = (
        SlotScores(("O", "0", ""), (math.nan,)),
        SlotScores((), ()),
        *certain("C12"),
        SlotScores(("I", "XX"), (7.0, 0.9)),
        *certain("4"),
    )
    ranked = rank(seen, "ABC12I4", ["BR"])
    assert ranked.text == "ABC1214"
    assert all(0.0 <= char.confidence <= 1.0 for char in ranked.chars)


def test_the_same_read_gives_the_same_answer_whatever_the_order_of_countries() -> None:
    europe = [each.code for each in regions()["Europe"]]
    seen = with_slot("B8I234", 1, "850 B45")
    assert rank(seen, "B8I234", europe) == rank(seen, "B8I234", europe[::-1])
