"""Infoplate: what an installer may add to every message."""

from __future__ import annotations

import pytest

from board.kit.errors import ConfigError
from engine.formats.infoplate import infoplate
from engine.settings import GeneralSettings


def test_each_line_is_a_name_and_a_value() -> None:
    assert infoplate("VIVOTEK Building No.=192\r\n\n a = b=c \nempty=") == (
        ("VIVOTEK Building No.", "192"),
        ("a", "b=c"),
        ("empty", ""),
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Building 192", "'Building 192' is not name=value"),
        ("=192", "is not name=value"),
        ("a=1\na=2", "'a' is there twice"),
        ("x" * 61 + "=1", "at most 60 characters"),
        ("x=" + "1" * 201, "a value 200"),
        ("\n".join(f"a{number}=1" for number in range(21)), "there are 21 columns; at most 20"),
    ],
)
def test_a_wrong_line_is_named(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        infoplate(text)
    with pytest.raises(ValueError):
        GeneralSettings(info_columns=text)
