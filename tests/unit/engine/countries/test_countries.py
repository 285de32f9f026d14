"""The set of countries: found by the registry, offered by region, chosen by code."""

from __future__ import annotations

import pytest

from board.kit.errors import ConfigError
from engine.countries import countries, country, owners, plain, rank, regions, select


def test_regions_offer_every_country_once_with_its_states_behind_it() -> None:
    offered = [each.code for some in regions().values() for each in some]
    assert sorted(offered) == sorted(countries())
    america = [each.code for each in regions()["North America"]]
    assert america[america.index("US") + 1] == "US-AL"
    assert {"MY", "SG"} <= {each.code for each in regions()["Asia"]}


def test_a_country_is_found_by_its_code() -> None:
    assert (country("DE").name, country("US-TX").name) == ("Germany", "Texas")


def test_an_unknown_code_is_a_clear_error() -> None:
    with pytest.raises(ConfigError, match="'ZZ' is not known"):
        select(["DE", "ZZ"])


def test_choosing_a_country_chooses_its_states_once() -> None:
    chosen = [each.code for each in select(["US-TX", "US", "DE"])]
    assert len(chosen) == len(set(chosen)) == 52
    assert "US" not in chosen


AS_ISSUED = {
    "BE": "1-ABC-123 Z-ABC-123 CD-AB-123",
    "BR": "ABC-1234 BRA0S17",
    "BY": "1234AB-7 AB1234-7 A1234B-1 E123AB-7",
    "CH": "ZH123456 ZH1234U",
    "CL": "BBCD-12 BBBBB-1",
    "CN": "京A12345 粤BD12345 粤B12345D 粤Z1234港 使014001",
    "CO": "ABC-123 ABC-12D R12345",
    "CR": "ABC-123 CL123456 MOT123456",
    "CZ": "1A2-3456 EL123AB",
    "DE": "B-AB1234 HH-AB123E M-06123 HRO-061234 B-04123 M-07123 BP-15123",
    "DO": "A123456 K1234567",
    "EC": "ABC-1234 HA123B",
    "ES": "1234BCD E1234BCD R1234BCD H1234BCD",
    "FR": "AB-123-CD 1234AB75 123AB974",
    "GB": "AB12CDE Q123ABC 101D234",
    "GT": "P-123BCD TC-123BCD",
    "IM": "BMN123A 1MAN MAN123 MAN12A MN1234 1234MN A123MAN",
    "IN": "MH12AB1234 DL3CAB1234 22BH1234AA",
    "JP": "330さ1234 480あ1234 330わ1 900る12",
    "KE": "KAA123A KMCA123A GKA123A",
    "KH": "2AB-1234 3A-1234",
    "KR": "123가4567 서울12바1234 세종12바1234",
    "LB": "B123456 B12",
    "LI": "FL12345",
    "LT": "ABC123 EV1234 EA1234",
    "MX": "ABC-123-A AB-1234-C 12-AB-3C",
    "NA": "N12345W N123SH",
    "PE": "A1B-123 1234-5A",
    "PH": "ABC1234 123ABC A123BC",
    "PL": "WA12345 WPRA123 AE12345 XD12345 VW1234A JR12345 YZ12345 B4BMW99 K6Z17",
    "PT": "AA-01-AA BK-12-YW",
    "PY": "ABCD123 123ABCD",
    "RU": "A123BC777 AB123477 AB1234177",
    "SG": "SBA1234A FBA1234A XE1234A CB1234A",
    "TZ": "T123ABC MC123ABC",
    "UG": "UAA123A UG1234A",
    "US": "T123456C 8ABC123 123ABC4",
    "VE": "AB123CD A12AB3C AB1C23D",
    "ZA": "BB12BBGP BB12BBZN ND123456",
}
"""Plates as the authorities of a country issue them, of cars and of others."""


@pytest.mark.parametrize("code", AS_ISSUED)
def test_what_a_country_issues_stays_as_it_is_read_and_is_known_as_its_own(code: str) -> None:
    for printed in AS_ISSUED[code].split():
        ranked = rank((), plain(printed), [code])
        assert (ranked.text, ranked.country, ranked.off_format) == (plain(printed), code, False), printed


@pytest.mark.parametrize(("code", "read", "settled"), [("CZ", "1AO1234", "1A01234"), ("SE", "ABC12O", "ABC120")])
def test_a_letter_that_a_country_never_issues_in_a_place_is_the_digit_that_looks_so(code: str, read: str, settled: str) -> None:
    assert rank((), read, [code]).text == settled


@pytest.mark.parametrize("read", ["1765124", "14DF373", "16R1622"])
def test_what_has_more_digits_than_a_chosen_text_may_end_with_is_none(read: str) -> None:
    """Since Silesia has an I as well, any 1 at the beginning became one wherever Poland was among the countries."""
    assert rank((), read, ["PL", "FR", "IE"]).text == read


@pytest.mark.parametrize(("code", "text"), [("NA", "812345W"), ("IM", "BM1123A"), ("LI", "FX12345"), ("CZ", "EN123AB")])
def test_a_letter_that_every_plate_of_a_country_has_is_no_class_of_its_grammar(code: str, text: str) -> None:
    assert code not in owners(text)
