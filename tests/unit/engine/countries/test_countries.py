"""The set of countries: found by the registry, offered by region, chosen by code."""

from __future__ import annotations

import pytest

from board.kit.errors import ConfigError
from engine.countries import countries, country, regions, select


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
