"""Ranking with a country head, phantom characters at the ends, and plates in every script."""

from __future__ import annotations

import random

import pytest

from engine.countries import Country, Format, countries, mixes, plain, rank, sample, script, select
from engine.countries._ranking import FREE_SYMBOLS, HEAD_WRONG, OFF_FORMAT_SHARE, Grammar, Ranked
from engine.countries._ranking import rank as rank_by
from engine.types import CharRead, SlotScores


def land(code: str, *patterns: str) -> Country:
    return Country(code, code, "Europe", tuple(Format(pattern) for pattern in patterns))


LANDS = (land("AA", "LLL NNNN"), land("BB", "LL NNNNN"), land("CC", "LLL NNN", "NNN LLL"), land("DD", "[B] NNN NNN"))
GRAMMAR = Grammar(LANDS)


def slots(text: str, **seen: str) -> tuple[SlotScores, ...]:
    """Slots that are sure of a text, but for those given as s0="O55 043 _02": symbol (_ nothing) and per cent, best first."""
    found = []
    for at, char in enumerate(text):
        told = [(one[0], int(one[1:]) / 100) for one in seen.get(f"s{at}", f"{char}90").split()]
        named = [one for one in told if one[0] != "_"]
        empty = next((score for symbol, score in told if symbol == "_"), 0.0)
        found.append(SlotScores(tuple(s for s, _ in named), tuple(p for _, p in named), empty))
    return tuple(found)


def world(text: str, head: dict[str, float] | None = None, /, **seen: str) -> Ranked:
    return rank_by(slots(text, **seen), text, GRAMMAR, False, head)


def chosen(text: str, head: dict[str, float] | None = None, /, **seen: str) -> Ranked:
    return rank_by(slots(text, **seen), text, GRAMMAR, True, head)


# --- the head settles look-alikes when nothing is chosen -----------------------------------------------------------------


def test_twins_are_settled_by_the_formats_of_the_country_that_the_head_is_sure_of() -> None:
    assert world("ABO1234").text == "ABO1234"
    assert world("ABO1234", {"AA": 0.97}).text == "ABO1234"
    assert world("ABO1234", {"BB": 0.97}).text == "AB01234"


def test_a_look_alike_that_the_pixels_allow_is_settled_by_the_head_too() -> None:
    ranked = world("A8C1234", {"AA": 0.97}, s1="860 B35")
    assert ranked.text == "ABC1234"
    assert ranked.chars[1].confidence == pytest.approx(0.95)
    assert world("A8C1234", s1="860 B35").text == "A8C1234"


def test_a_look_alike_that_the_pixels_exclude_is_not_invented_however_sure_the_head_is() -> None:
    assert world("A8C1234", {"AA": 1.0}).text == "A8C1234"
    assert world("A8C1234", {"AA": 1.0}, s1="890 B08").text == "A8C1234"
    assert world("48C1234", {"AA": 1.0}, s0="480 A12", s1="880 B12").text == "48C1234"


def test_several_countries_that_the_head_finds_probable_count_together() -> None:
    assert world("4B01234", {"AA": 0.4, "BB": 0.55}, s0="460 A35").text == "AB01234"
    assert world("4B01234", {"AA": 0.55, "BB": 0.4}, s0="460 A35").text == "ABO1234"


def test_a_head_that_is_not_sure_leaves_what_the_pixels_said() -> None:
    assert world("A8C1234", {"AA": 0.6, "BB": 0.01}, s1="860 B35").text == "A8C1234"


def test_a_twin_that_only_an_improbable_country_has_gives_way() -> None:
    assert world("ABO1234", {"BB": 0.93, "AA": 0.025}).text == "AB01234"
    assert world("ABO1234", {"BB": 0.70, "AA": 0.25}).text == "ABO1234"


# --- the country -----------------------------------------------------------------------------------------------------


def test_the_country_is_the_most_probable_by_head_and_formats_together() -> None:
    assert world("ABC123").country == "CC"
    assert world("ABC1234", {"AA": 0.9, "BB": 0.1}).country == "AA"
    assert world("B123456", {"AA": 0.9}).country == "DD"


def test_a_format_that_two_countries_share_is_decided_by_the_head() -> None:
    grammar = Grammar((land("XX", "LL NNN"), land("YY", "LL NNN"), land("ZZ", "LL NNN")))
    read = slots("AB123")
    assert rank_by(read, "AB123", grammar, False).country == ""
    assert rank_by(read, "AB123", grammar, False, {"XX": 0.9, "YY": 0.1}).country == "XX"
    assert rank_by(read, "AB123", grammar, False, {"XX": 0.4, "YY": 0.3, "ZZ": 0.3}).country == ""
    assert rank_by(read, "AB123", grammar, True, {"XX": 0.1, "YY": 0.9}).country == "YY"


def test_a_text_that_fits_no_format_gets_the_country_that_the_head_is_sure_of() -> None:
    assert world("WISH", {"AA": 0.97}).country == "AA"
    assert world("WISH", {"AA": 0.45, "BB": 0.4}).country == ""
    assert world("WISH").country == ""


def test_a_sure_head_outvotes_a_format_only_as_far_as_its_own_errors_allow() -> None:
    trust = (1 - HEAD_WRONG) * 0.0 + HEAD_WRONG / len(LANDS)
    chance = 1 / 26**3 / 10**3 / 2
    named = trust * ((1 - OFF_FORMAT_SHARE) * chance + OFF_FORMAT_SHARE * FREE_SYMBOLS**-6)
    assert named / (named + (1 - trust) * OFF_FORMAT_SHARE * FREE_SYMBOLS**-6) > 0.8
    assert world("ABC123", {"AA": 1.0}).country == "CC"


def test_with_countries_chosen_no_other_is_named() -> None:
    only = Grammar(LANDS[:2])
    assert rank_by(slots("ABC1234"), "ABC1234", only, True, {"CC": 0.99}).country == "AA"
    assert rank_by(slots("WISH"), "WISH", only, True, {"CC": 0.99}).country == ""
    assert rank_by(slots("WISH"), "WISH", only, True, {"AA": 0.99}).country == "AA"


def test_a_head_that_knows_a_country_which_is_not_described_is_taken_without_error() -> None:
    assert world("ABC123", {"ZZ": 0.99}).country == "CC"
    assert world("WISH", {"ZZ": 0.99}).country == ""


def test_a_state_is_named_within_the_heads_country() -> None:
    ranked = rank((), "ABC1234", ["US-TX", "US-OK", "US-LA"], {"US": 0.98})
    assert (ranked.country, ranked.region) == ("US", "TX")


# --- phantom characters at the ends -------------------------------------------------------------------------------------


def test_a_last_character_that_may_be_none_is_dropped_when_only_the_shorter_text_fits() -> None:
    ranked = chosen("ABC12341", s7="155 _42")
    assert (ranked.text, ranked.country) == ("ABC1234", "AA")
    assert ranked.chars == tuple(CharRead(char, 0.9) for char in "ABC1234")
    assert ranked.end_confidence == pytest.approx(0.42)


def test_a_last_character_that_the_pixels_are_sure_of_stays() -> None:
    assert chosen("ABC12341").text == "ABC12341"
    assert chosen("ABC12341", s7="180 _15").text == "ABC12341"
    assert chosen("ABC12341", s7="155 _42").end_confidence < chosen("ABC12341").end_confidence == 1.0


def test_a_longer_text_that_fits_keeps_its_last_character_however_doubtful() -> None:
    assert chosen("ABC1234", s6="450 _48").text == "ABC1234"


def test_nothing_is_ever_added() -> None:
    assert chosen("ABC12", s4="255 _40").text == "ABC12"


SHIFTED = {"s0": "155 A40", "s1": "A55 B40", "s2": "B55 C40", "s3": "C55 140", "s4": "155 240", "s5": "255 340",
           "s6": "355 440", "s7": "455 _40"}  # fmt: skip


def test_a_first_character_is_dropped_when_every_slot_allows_the_one_after_it() -> None:
    ranked = chosen("1ABC1234", **SHIFTED)
    assert ranked.text == "ABC1234"
    assert ranked.end_confidence == pytest.approx(0.4)
    assert [char.confidence for char in ranked.chars] == pytest.approx([0.4] * 7)


def test_a_first_character_stays_when_one_slot_excludes_the_shift() -> None:
    assert chosen("1ABC1234", **{**SHIFTED, "s3": "C90"}).text == "1ABC1234"


def test_a_character_that_was_read_twice_is_dropped_once() -> None:
    ranked = chosen("ABC11234", s4="160 230", s5="260 330", s6="360 430", s7="455 _40")
    assert ranked.text == "ABC1234"
    assert [char.confidence for char in ranked.chars] == pytest.approx([0.9, 0.9, 0.9, 0.9, 0.3, 0.3, 0.3])


def test_a_shorter_text_may_have_its_twins_settled_and_nothing_else() -> None:
    assert chosen("ABC12O4X", s7="X55 _42").text == "ABC1204"
    assert chosen("ABC1Z34X", s3="150", s4="Z60 230", s7="X55 _42").text == "ABC1Z34X"


def test_without_chosen_or_probable_countries_nothing_is_dropped() -> None:
    assert world("ABC12341", s7="155 _42").text == "ABC12341"
    assert world("ABC12341", {"AA": 0.97}, s7="155 _42").text == "ABC1234"


# --- scripts ------------------------------------------------------------------------------------------------------------


def test_scripts_are_told_by_the_characters_names() -> None:
    told = [script(symbol) for symbol in "A7٣۴ب皖가กあ"]
    assert told == ["LATIN", "DIGIT", "INDIC", "INDIC", "ARABIC", "CJK", "HANGUL", "THAI", "HIRAGANA"]


def test_latin_letters_and_digits_stand_together_everywhere_and_the_formats_bring_the_rest() -> None:
    assert mixes(("DE",)) == {frozenset({"LATIN", "DIGIT"})}
    assert frozenset({"CJK", "LATIN", "DIGIT"}) in mixes(("CN",))
    assert frozenset({"HANGUL", "DIGIT"}) in mixes(("KR",))
    assert frozenset({"THAI", "DIGIT"}) in mixes(("TH",))
    assert frozenset({"INDIC", "ARABIC"}) in mixes(("EG",))
    assert not any({"INDIC", "LATIN"} <= mix for mix in mixes(()))


@pytest.mark.parametrize(
    ("text", "code"), [("皖A12345", "CN"), ("٣٥٧نمب", "EG"), ("123가4567", "KR"), ("1กข1234", "TH"), ("117T3989", "TN")]
)
def test_plates_in_every_script_keep_their_text_and_name_their_country(text: str, code: str) -> None:
    for head in (None, {code: 0.97}, {"DE": 0.2}):
        assert rank(slots(text), text, [], head).text == text
        ranked = rank(slots(text), text, [code], head)
        assert (ranked.text, ranked.country) == (text, code)
    assert rank(slots(text), text, [], {code: 0.97}).country == code


@pytest.mark.parametrize("each", [pytest.param(each, id=each.code) for each in countries().values() if "-" not in each.code])
def test_every_format_of_a_country_survives_with_the_heads_evidence(each: Country) -> None:
    rng = random.Random(each.code)
    for described in select([each.code]):
        for fmt in described.formats:
            text = plain(sample(described, fmt, rng))
            ranked = rank(slots(text), text, [], {each.code: 0.98})
            assert ranked.text.replace("O", "0").replace("I", "1") == text.replace("O", "0").replace("I", "1")
            assert ranked.country in (each.code, "")
            assert len(ranked.chars) == len(text)
